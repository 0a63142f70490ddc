import { Fenced } from './errors.js'
import type { ReadModel } from './port.js'

/** What every engine says to a runner whose unit of work is refused. */
export function movedOn(
  { projection, build, partitions }: ReadModel,
  partition: number,
  actual: number,
  expected: number,
): Fenced {
  const whose = partitions > 1 ? `partition ${partition} of ${projection}` : projection
  const where = `${whose} (build ${build})`
  return new Fenced(
    actual === expected
      ? `${where} is at ${actual} as expected, but another runner has written to it since`
      : `the checkpoint of ${where} is at ${actual}, not at ${expected} as expected: another runner moved it`,
  )
}

/** What it says to whoever still uses a build that is no more. */
export function gone({ projection, build }: Pick<ReadModel, 'projection' | 'build'>): Fenced {
  return new Fenced(`build ${build} of ${projection} has been replaced or discarded`)
}

/**
 * The partition that is meant.
 *
 * @throws {RangeError} the build has no such partition
 */
export function partitionOf({ projection, partitions }: ReadModel, partition = 0): number {
  if (Number.isInteger(partition) && partition >= 0 && partition < partitions) return partition
  throw new RangeError(`${projection} has ${partitions} partitions, and no partition ${partition}`)
}

/**
 * The checkpoints of a new build, in the order of its partitions.
 *
 * @throws {RangeError} there is not at least one partition
 */
export function startOf(partitions: number): number[] {
  if (!Number.isInteger(partitions) || partitions < 1)
    throw new RangeError(`a build has at least one partition, not ${partitions}`)
  return Array.from({ length: partitions }, () => 0)
}
