import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { EnrichedMoney } from '../domain/enriched-money.js'
import type { SourceCounts } from '../domain/source.js'
import { moneyEnriched } from '../projections/money/money-enriched.js'
import { moneyPages, type MoneyPage } from '../projections/money/pages.js'
import { catchUp } from './caught-up.js'
import type { Context } from './command.js'
import type { System } from './compose.js'
import { filesIn } from './files-to-import.js'
import { importAll } from './import.js'
import { table } from './output.js'
import { generateMoney, moneyTopics } from './samples/money.js'

const sample = { users: 8, events: 400, seed: 1, duplicates: 0.02, disorder: 0.05, late: 0.01 }
const pagesRead = 1_000

/** What the demo tells of money. */
export interface MoneyDemo {
  readonly imported: readonly (SourceCounts & { readonly kind: string })[]
  readonly money: readonly { readonly session: string; readonly money: number; readonly firsts: number }[]
}

/** Sample data of wallets, users and sessions: in, enriched, and told. Money comes first, so all else is late. */
export async function demoMoney(system: System, context: Context): Promise<MoneyDemo> {
  const { config, output } = context
  const out = join(config.data, 'sample', 'money')
  await rm(out, { recursive: true, force: true })
  output.say(`\nMoney: ${sample.events} events of ${sample.users} users, badly delivered, in ${out}`)
  await generateMoney({ ...sample, out })
  const imported: (SourceCounts & { kind: string })[] = []
  for (const kind of moneyTopics) {
    const files = await filesIn([join(out, `${kind}.ndjson`)], context)
    imported.push({ kind, ...(await importAll(system, kind, files)) })
    // Not all at once: so it is seen that what comes late is corrected.
    await catchUp(system)
  }
  const documents = await enrichedMoney(system)
  const money = bySession(documents)
  output.say('\nImported:\n' + table(imported.map((counts) => ({ ...counts }))))
  output.say('\nEnriched money, by where its session info comes from:\n' + table(money))
  const example = documents.find(({ userInfo, sessionInfo }) => userInfo?.birthYear && sessionInfo)
  if (example) output.say(`\nOne of them:\n  ${JSON.stringify({ ...example, enrichment: undefined })}`)
  return { imported, money }
}

/**
 * Runs `work` with a session service on this machine: it knows most sessions.
 *
 * @param work gets its address
 */
export async function withDemoSessionService<T>(work: (url: string) => Promise<T>): Promise<T> {
  const server = createServer((request, response) => {
    const id = request.url?.split('/').at(-1) ?? ''
    if (id < '4') return response.writeHead(404).end()
    const clientCountryCode = id < 'a' ? 'PL' : 'SE'
    return response.setHeader('content-type', 'application/json').end(JSON.stringify({ clientCountryCode }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    return await work(`http://127.0.0.1:${port}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

async function enrichedMoney({ readStore }: System): Promise<EnrichedMoney[]> {
  const build = await readStore.live(moneyEnriched.name)
  const page = await build?.page(moneyPages, { limit: pagesRead })
  return page?.rows.flatMap(({ text }) => (JSON.parse(text) as MoneyPage).money) ?? []
}

function bySession(documents: readonly EnrichedMoney[]): MoneyDemo['money'] {
  const rows = new Map<string, { session: string; money: number; firsts: number }>()
  for (const { enrichment, firstOccurrence } of documents) {
    const { session } = enrichment
    const row = rows.get(session) ?? { session, money: 0, firsts: 0 }
    row.money++
    row.firsts += Number(firstOccurrence)
    rows.set(session, row)
  }
  return [...rows.values()].sort((a, b) => b.money - a.money)
}
