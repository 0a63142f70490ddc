import type { EventStore } from '../../event-store/port.js'
import { allRows } from '../../read-store/all-rows.js'
import { Fenced } from '../../read-store/errors.js'
import type { Build, ReadModel, ReadStore, Row, Snapshot } from '../../read-store/port.js'
import { DerivedCheck } from './derived-check.js'
import { Fold, isOwing } from './fold.js'
import { isBuiltFrom, OtherLog } from './origin.js'
import { waitingIn } from './outbox.js'
import type { Projection } from '../projection.js'
import { ReadModelMissing } from '../queries/live.js'
import { checkpointsOf, countCopies, createBuild, openFolds } from './builds.js'
import { foldTo } from './fold-to.js'

const rowsAPage = 1_000

/** One document, or derived event, that is not what the log says it should be. */
export interface Difference {
  readonly projection: string
  readonly collection: string
  readonly id: string
  readonly difference: string
}

export interface Verified {
  readonly projection: string
  /** How many documents were compared. */
  readonly documents: number
  readonly differences: readonly Difference[]
}

export interface VerifyOptions {
  readonly eventStore: EventStore
  readonly readStore: ReadStore
  /** Where to build; default a scratch space of its own, which takes a while to make. */
  readonly scratch?: ReadStore
  readonly onProgress?: (position: number, target: number) => void
}

/**
 * Builds a projection in a scratch space from the same events as the live one, and compares them byte for byte.
 * The live build goes on meanwhile: what is compared is a frozen view of it. What a stop left it owing is paid first.
 *
 * @throws {OtherLog} the live build is of another log
 * @throws {ReadModelMissing} there is a log, and nothing was built of it
 */
export async function verify(projection: Projection, options: VerifyOptions): Promise<Verified> {
  for (;;) {
    const live = await options.readStore.live(projection.name)
    if (!live) {
      if ((await options.eventStore.head()) > 0) throw new ReadModelMissing(projection.name)
      return { projection: projection.name, documents: 0, differences: [] }
    }
    try {
      return await verifyBuild(projection, live, options)
    } catch (error) {
      // A rebuild has replaced it meanwhile.
      if (!(error instanceof Fenced)) throw error
    }
  }
}

async function verifyBuild(projection: Projection, live: Build, options: VerifyOptions): Promise<Verified> {
  const { eventStore, readStore } = options
  if (!(await isBuiltFrom(eventStore, live))) throw new OtherLog(projection.name)
  if (options.scratch) return verifyIn(options.scratch, projection, live, options)
  const scratch = await readStore.scratch()
  try {
    return await verifyIn(scratch, projection, live, options)
  } finally {
    await scratch.close()
  }
}

async function verifyIn(
  scratch: ReadStore,
  projection: Projection,
  live: Build,
  options: VerifyOptions,
): Promise<Verified> {
  const { eventStore } = options
  const build = await createBuild(projection, scratch, live.partitions)
  try {
    const check = new DerivedCheck(eventStore)
    const folds = await openFolds(projection, build, () => check)
    // The long way without holding a snapshot; then the rest, which is short, up to the snapshot.
    await foldTo(folds, await checkpointsOf(live), options)
    const snapshot = await settledSnapshot(projection, live, eventStore)
    try {
      await foldTo(folds, await checkpointsOf(snapshot), options)
      const compared = await compareAll(projection, snapshot, build)
      const outstanding = await outstandingDerived(check, snapshot)
      const derived = outstanding.map(({ id, difference }) => ({
        projection: projection.name,
        collection: 'derived events',
        id,
        difference,
      }))
      return { ...compared, differences: [...compared.differences, ...derived] }
    } finally {
      await snapshot.close()
    }
  } finally {
    await scratch.discard(build).catch(() => {})
  }
}

/** A view of the live build at a moment at which it owes nothing, or of one of another version as it is. */
async function settledSnapshot(
  projection: Projection,
  live: Build,
  eventStore: EventStore,
): Promise<Snapshot> {
  for (;;) {
    const snapshot = await live.snapshot()
    if (live.version !== projection.version || !(await isOwing(projection, snapshot))) return snapshot
    await snapshot.close()
    await Fold.finish(projection, live, eventStore).catch((error: unknown) => {
      // Its runner has been faster.
      if (!(error instanceof Fenced)) throw error
    })
  }
}

/** A derived event that still stands in the live outbox is on its way, not missing. */
async function outstandingDerived(check: DerivedCheck, live: ReadModel) {
  const differences = await check.differences()
  if (differences.length === 0) return []
  const onTheirWay = new Set<string>()
  for await (const id of waitingIn(live)) onTheirWay.add(id)
  return differences.filter(({ id }) => !onTheirWay.has(id))
}

async function compareAll(projection: Projection, live: ReadModel, rebuilt: ReadModel): Promise<Verified> {
  let documents = -(await countCopies(projection, live))
  const differences: Difference[] = []
  for (const collection of Object.keys(projection.collections)) {
    const report = (id: string, difference: string) =>
      differences.push({ projection: projection.name, collection, id, difference })
    const rows = (model: ReadModel) => allRows(model, collection, { limit: rowsAPage })
    documents += await compare(rows(live), rows(rebuilt), report)
  }
  return { projection: projection.name, documents, differences }
}

/** Walks both collections in the order of ids. */
async function compare(
  live: AsyncIterator<Row, undefined>,
  rebuilt: AsyncIterator<Row, undefined>,
  report: (id: string, difference: string) => void,
): Promise<number> {
  let documents = 0
  let [a, b] = [(await live.next()).value, (await rebuilt.next()).value]
  while (a || b) {
    documents++
    const order = !a ? 1 : !b ? -1 : a.id === b.id ? 0 : Buffer.compare(Buffer.from(a.id), Buffer.from(b.id))
    if (a && order < 0) {
      report(a.id, 'only in the live documents')
      a = (await live.next()).value
    } else if (b && order > 0) {
      report(b.id, 'only in the rebuilt documents')
      b = (await rebuilt.next()).value
    } else {
      if (a && b && a.text !== b.text) report(a.id, 'differs')
      a = (await live.next()).value
      b = (await rebuilt.next()).value
    }
  }
  return documents
}
