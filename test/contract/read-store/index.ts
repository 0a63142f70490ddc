import { builds } from './builds.js'
import { dataVersion } from './data-version.js'
import { documents } from './documents.js'
import { indexes } from './indexes.js'
import { leases } from './leases.js'
import { lifetimes } from './lifetimes.js'
import { pages } from './pages.js'
import { partitions } from './partitions.js'
import { snapshots } from './snapshots.js'
import { allAbilities, declaring, type ReadStoreUnderTest } from './under-test.js'
import { unitsOfWork } from './units-of-work.js'

/**
 * What every read store does. Engines differ in how documents lie in them: a test may rely on ids and declared
 * indexes for an order, and on nothing else.
 */
export function readStoreContract(
  engine: string,
  open: () => Promise<ReadStoreUnderTest>,
  abilities = allAbilities,
): void {
  const test = declaring(engine, open, abilities)
  documents(test)
  pages(test)
  indexes(test)
  unitsOfWork(test)
  partitions(test)
  builds(test)
  dataVersion(test)
  snapshots(test)
  lifetimes(test)
  leases(test)
}

/** The part of it that is about one build of one partition. */
export function buildContract(engine: string, open: () => Promise<ReadStoreUnderTest>): void {
  const test = declaring(engine, open, allAbilities)
  documents(test)
  pages(test)
  indexes(test)
  unitsOfWork(test)
}
