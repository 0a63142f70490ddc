import {
  BrokenCircuitError,
  circuitBreaker,
  ConsecutiveBreaker,
  DelegateBackoff,
  handleAll,
  retry,
  TaskCancelledError,
  timeout,
  TimeoutStrategy,
  wrap,
} from 'cockatiel'
import { Type } from 'typebox'
import { Compile } from 'typebox/schema'
import { Pool } from 'undici'
import { shown } from '../domain/fault.js'
import { Label } from '../domain/fields.js'
import type { LookupAnswer } from '../domain/session-lookup.js'

/** Whoever can say where the client of a session is. */
export interface SessionService {
  /**
   * Asks for a session, as often as is worth while: it takes seconds at most, whatever the service does, but for the
   * time in which it is left alone.
   *
   * @throws {Error} only if `signal` aborts
   */
  ask(sessionId: string, signal: AbortSignal): Promise<LookupAnswer>
  close(): Promise<void>
}

export interface SessionServiceOptions {
  /** Requests under way at once. Default 100: more would only queue at most services. */
  readonly concurrency?: number
  /** How long one request may take, its body included, in milliseconds. Default 1 s. */
  readonly timeout?: number
  /** How often a session is asked for before its lookup has failed. Default 3. */
  readonly attempts?: number
  /** How long to wait before the second attempt, in milliseconds; twice that before the third, … Default 250. */
  readonly backoff?: number
  /** How long to leave a service alone of which 20 requests in a row have failed, in milliseconds. Default 1 s. */
  readonly rest?: number
}

export const sessionServiceDefaults = {
  concurrency: 100,
  timeout: 1_000,
  attempts: 3,
  backoff: 250,
  rest: 1_000,
}
const failuresToRest = 20
/** An answer is a few dozen bytes. */
const longestAnswer = 16 * 1024

const Answer = Type.Object({ clientCountryCode: Label('Where the client of the session is.', 'PL') })
const validator = Compile(Answer)

/** The service gave no answer that can be used. The message says what it did, and nothing of its address. */
class NoAnswer extends Error {}

/**
 * The session service over HTTP: `GET <url>/sessions/<id>` → `{clientCountryCode}`, or 404 for a session that it does
 * not know. Anything else is tried again, after a while that is never the same; and a service that only fails is left
 * alone for a moment.
 *
 * @param url may have a path, a user name and a password
 */
export function sessionServiceAt(url: string, options: SessionServiceOptions = {}): SessionService {
  const settings = { ...sessionServiceDefaults, ...options }
  const { origin, path, headers } = addressOf(url)
  const pool = new Pool(origin, { connections: settings.concurrency, maxResponseSize: longestAnswer })
  const policy = policyOf(settings)
  return {
    ask: async (sessionId, signal) => {
      const target = `${path}/sessions/${encodeURIComponent(sessionId)}`
      let requests = 0
      for (;;) {
        try {
          return await policy.execute(({ signal }) => {
            requests++
            return request(pool, target, headers, signal)
          }, signal)
        } catch (error) {
          signal.throwIfAborted()
          // While the service is left alone, who was never asked for has not failed.
          if (requests === 0) continue
          const what = error instanceof NoAnswer ? error.message : whatHappened(error, settings.timeout)
          const detail = `after ${requests} request${requests === 1 ? '' : 's'}: ${what}`
          return { type: 'failed', reason: 'service-failed', detail }
        }
      }
    },
    close: () => pool.destroy(),
  }
}

async function request(
  pool: Pool,
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<LookupAnswer> {
  const { statusCode, body } = await pool.request({ method: 'GET', path, headers, signal })
  if (statusCode === 200) return { type: 'found', clientCountryCode: countryIn(await body.text()) }
  await body.dump().catch(() => {})
  if (statusCode !== 404) throw new NoAnswer(`it answered ${statusCode}`)
  return { type: 'failed', reason: 'unknown-session', detail: 'it answered 404: it knows no such session' }
}

/** @throws {NoAnswer} */
function countryIn(text: string): string {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    throw new NoAnswer(`it answered ${shown(text)}, which is not JSON`)
  }
  if (!validator.Check(answer))
    throw new NoAnswer(`it answered ${shown(answer)}, without a clientCountryCode`)
  return answer.clientCountryCode
}

/** Each attempt has its time; enough failures in a row stop all attempts for a moment. */
function policyOf({ attempts, backoff, rest, timeout: patience }: typeof sessionServiceDefaults) {
  const backoffs = new DelegateBackoff<{ attempt: number; result: object }>(({ attempt, result }) => {
    // Half of it is by chance, so that those who failed together do not come back together.
    const delay = backoff * 2 ** (attempt - 1)
    const brokenCircuit = 'error' in result && result.error instanceof BrokenCircuitError
    return (brokenCircuit ? rest : delay / 2) + (Math.random() * delay) / 2
  })
  return wrap(
    retry(handleAll, { maxAttempts: attempts - 1, backoff: backoffs }),
    circuitBreaker(handleAll, { halfOpenAfter: rest, breaker: new ConsecutiveBreaker(failuresToRest) }),
    timeout(patience, TimeoutStrategy.Aggressive),
  )
}

/** What went wrong, in words that cannot hold the address with its password. */
function whatHappened(error: unknown, patience: number): string {
  if (error instanceof BrokenCircuitError) return 'it has failed too often just now'
  if (error instanceof TaskCancelledError) return `it gave no answer within ${patience} ms`
  const { code } = error as { readonly code?: string }
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return `its answer has more than ${longestAnswer} bytes`
  return `it cannot be reached (${code ?? 'nobody knows why'})`
}

function addressOf(url: string) {
  const { origin, pathname, username, password } = new URL(url)
  const headers: Record<string, string> = { accept: 'application/json' }
  if (username !== '' || password !== '') {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    headers.authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
  }
  return { origin, path: pathname.replace(/\/+$/, ''), headers }
}
