import { readFileSync } from 'node:fs'
import t from 'tap'
import type { DeadLetter } from '../../projections/dead-letters/dead-letters.js'
import { upcasting } from '../../event-store/upcasting.js'
import { projections } from '../../projections/index.js'
import { verify } from '../../projections/running/verify.js'
import { fixture, storedEvents } from '../stored-events.js'
import { run } from './running.js'
import { foldToHead, openTidemark } from './tidemark.js'

/**
 * A log that version 0.1 has written, with every type of event that it knew: what it says stays what it says. Whoever
 * changes the data of an event adds a step to domain/upcasters.ts, and this test passes as it is.
 */
void t.test('a log of version 0.1 gives the documents that it gave then', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(...storedEvents('log-0.1.ndjson'))
  const eventStore = upcasting(tidemark.eventStore)
  for (const projection of projections) await foldToHead(projection, eventStore, tidemark.readStore)
  const expected = JSON.parse(readFileSync(fixture('log-0.1.documents.json'), 'utf8')) as Record<
    string,
    object
  >
  for (const collection of ['agreements', 'billing-periods']) {
    t.same(await tidemark.documents(collection), expected[collection], collection)
  }
  const letters = await tidemark.documents<DeadLetter>('dead-letters', 'dead-letters')
  t.same(
    Object.values(letters)
      .map(({ reason, retries }) => `${reason} ${retries}`)
      .sort(),
    ['conflicting-duplicate 0', 'missing-field 1', 'wrong-field-count 0'],
  )
  t.equal(await eventStore.head(), 27, 'every notification was there already')
  for (const projection of projections) {
    const { differences } = await verify(projection, { eventStore, readStore: tidemark.readStore })
    t.same(differences, [], projection.name)
  }
})

void t.test('an event of a newer program holds all projections up, and they say why', async (t) => {
  const tidemark = await openTidemark(t)
  const eventStore = upcasting(tidemark.eventStore)
  const running = run(t, eventStore, tidemark.readStore, projections)
  await running.reported(({ type }) => type === 'started')
  const [event] = storedEvents('log-0.1.ndjson').filter(({ type }) => type === 'AgreementSigned')
  await tidemark.append({ ...event!, metadata: { schemaVersion: 2 } })
  const report = await running.reported(({ type }) => type === 'trouble')
  t.match(report, { error: { code: 'unknown-schema-version', message: /AgreementSigned .* newer program/ } })
  await running.stop()
  t.equal(await (await tidemark.live()).checkpoint(), 0, 'and nothing is passed over')
})
