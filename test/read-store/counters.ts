import type { Build, Collections, ReadModel, ReadStore, UnitOfWork, Write } from '../../read-store/port.js'

/** A projection whose documents say which checkpoint they belong to: half a unit of work would show. */
export const projection = 'counters'

export const collections: Collections = {
  counters: { indexes: { byCheckpoint: ['checkpoint'] } },
  latest: {},
}

/** A first build of it, empty and live. */
export async function promoted(store: ReadStore): Promise<Build> {
  const build = await store.create(projection, 1, collections)
  await store.promote(build)
  return build
}

const counters = 300
const kept = 20

/** The unit that follows `expected`: sets all counters, adds to the latest and drops the oldest of them. */
export function counterUnit(expected: number): UnitOfWork {
  const checkpoint = expected + 1
  const document = { checkpoint }
  const writes = Array.from({ length: counters }, (_, n): Write => ({ id: `counter ${n}`, document }))
  const latest = [
    { id: idOf(checkpoint), document },
    { id: idOf(checkpoint - kept), document: undefined },
  ]
  return { expected, checkpoint, writes: { counters: writes, latest } }
}

/** What is wrong with the documents, given the checkpoint. Nothing, if every unit was all or nothing. */
export async function disagreements(model: ReadModel): Promise<string[]> {
  const checkpoint = await model.checkpoint()
  const wrong: string[] = []
  const { rows } = await model.page('counters', { index: 'byCheckpoint', equals: [checkpoint], limit: 1000 })
  const count = await model.count('counters')
  const expected = checkpoint === 0 ? 0 : counters
  if (rows.length !== expected)
    wrong.push(`${rows.length} counters indexed at ${checkpoint}, not ${expected}`)
  if (count !== expected) wrong.push(`${count} counters, not ${expected}`)
  for (const { id, text } of rows) {
    if (text !== JSON.stringify({ checkpoint })) wrong.push(`${id} is ${text} at ${checkpoint}`)
  }
  const latest = (await model.page('latest', { limit: 1000 })).rows.map(({ id }) => id)
  const first = Math.max(1, checkpoint - kept + 1)
  const ids = Array.from({ length: checkpoint - first + 1 }, (_, n) => idOf(first + n))
  if (latest.join() !== ids.join()) wrong.push(`the latest are ${latest.join()} at ${checkpoint}`)
  return wrong
}

function idOf(checkpoint: number): string {
  return String(checkpoint).padStart(9, '0')
}
