import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { buildServer, type ServerOptions } from '../../api/server.js'
import { openEmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import type { EventStore } from '../../event-store/port.js'
import { projections as allProjections } from '../../projections/index.js'
import { runProjections, type RunnerReport } from '../../projections/running/runner.js'
import { openEmbeddedReadStore } from '../../read-store/embedded/embedded.js'
import type { ReadStore } from '../../read-store/port.js'
import { Description } from './description.js'

/** An answer, checked against the OpenAPI document. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Its JSON, if it is any. */
  readonly body: Record<string, unknown>
}

/** A service that listens, over embedded engines in a folder of its own, with its projections running. */
export interface Service {
  readonly url: string
  readonly eventStore: EventStore
  readonly readStore: ReadStore
  readonly description: Description
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Answer>
  /** The body is sent as it is if it is text, else as JSON. */
  readonly post: (path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>
  readonly send: (path: string, init: RequestInit) => Promise<Answer>
  /** All items of a list, page by page. */
  readonly all: (path: string, limit: number) => Promise<Record<string, unknown>[]>
  readonly close: () => Promise<void>
}

export async function startService(
  t: Test,
  options: Partial<ServerOptions> & {
    readonly run?: boolean
    /** What the server reads the log through. */
    readonly through?: (eventStore: EventStore) => EventStore
  } = {},
): Promise<Service> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-api-'))
  const eventStore = openEmbeddedEventStore(folder)
  const readStore = await openEmbeddedReadStore(folder)
  const { run = true, projections = allProjections, through = (log) => log, ...rest } = options
  const stopping = new AbortController()
  const { signal } = stopping
  let runner = Promise.resolve()
  if (run) {
    await new Promise<void>((resolve) => {
      const report = ({ type }: RunnerReport) => type === 'started' && resolve()
      runner = runProjections({ eventStore, readStore, projections, signal, report })
    })
  }
  const server = await buildServer({
    eventStore: through(eventStore),
    readStore,
    projections,
    version: '0.0.0',
    ...rest,
  })
  await server.listen({ port: 0, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`
  const description = await Description.of(url)

  const send = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(url + path, { redirect: 'manual', ...init })
    const { status, headers } = response
    const text = await response.text()
    const isJson = headers.get('content-type')?.includes('json') ?? false
    const body = (isJson && text !== '' ? JSON.parse(text) : {}) as Answer['body']
    const answer = { status, headers, text, body }
    description.check(t, init.method ?? 'GET', path, answer)
    return answer
  }
  const get = (path: string, headers: Record<string, string> = {}) => send(path, { headers })
  let closed: Promise<void> | undefined
  const close = () =>
    (closed ??= (async () => {
      await server.close()
      stopping.abort()
      await runner
      await readStore.close()
      await eventStore.close()
      rmSync(folder, { recursive: true })
    })())
  t.teardown(close)
  return {
    url,
    eventStore,
    readStore,
    description,
    get,
    send,
    close,
    post: (path, body, headers = {}) =>
      send(path, {
        method: 'POST',
        headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
        body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
      }),
    all: async (path, limit) => {
      const items: Record<string, unknown>[] = []
      let cursor = ''
      for (;;) {
        const query = `${path.includes('?') ? '&' : '?'}limit=${limit}${cursor}`
        const { body } = await get(path + query)
        items.push(...(body.items as Record<string, unknown>[]))
        if (body.next === null) return items
        cursor = `&cursor=${encodeURIComponent(body.next as string)}`
      }
    },
  }
}

/** An agreement as it is sent; what a test does not say is the same for all. */
export function agreement(fields: object = {}) {
  return {
    id: 'agreement-1',
    msisdn: '48100200300',
    signedAt: '2019-12-15T00:00+01:00[Europe/Warsaw]',
    serviceStartAt: '2020-01-01T00:00+01:00[Europe/Warsaw]',
    billingPeriodTimeZone: 'Europe/Warsaw',
    maxBytesInBillingPeriod: 1000,
    ...fields,
  }
}

/** A data record as it is sent. */
export function dataRecord(id: string, fields: object = {}) {
  return { id, msisdn: '48100200300', recordedAt: '2020-01-10T12:00:00Z', recordedBytes: 100, ...fields }
}
