/** One of the parts into which the work of a build is cut: so many runners can share it. */
export interface Partition {
  /** From 0: which of the build's checkpoints it moves. */
  readonly index: number
  owns(key: string): boolean
}

/** All of the work. */
export const wholePartition: Partition = { index: 0, owns: () => true }

/** Each partition has watched documents and notes of its own: the first one under their own names. */
export function ownId(id: string, partition: number): string {
  return partition === 0 ? id : `${id}/${partition}`
}

/** The same of all partitions. */
export function ownIds(id: string, partitions: number): string[] {
  return Array.from({ length: partitions }, (_, partition) => ownId(id, partition))
}

/** Keys are dealt out by a hash of them that never changes: a build's documents depend on it. */
export function partitionOf(index: number, partitions: number): Partition {
  return partitions === 1 ? wholePartition : { index, owns: (key) => hashOf(key) % partitions === index }
}

/** FNV-1a over UTF-16 units, mixed once more so that its low bits are good. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash ^ (hash >>> 15)) >>> 0
}
