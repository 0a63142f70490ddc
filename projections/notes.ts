/** The collection in which the runner keeps its own notes about a build, such as why it stopped. */
export const runnerCollection = 'runner'
/** The note of the first partition; those of the others are named after it. */
export const failureId = 'failure'

/** The ids of the notes that the partitions of a build may have left. */
export function failureIds(partitions: number): string[] {
  return Array.from({ length: partitions }, (_, index) => failureIdOf(index))
}

export function failureIdOf(partition: number): string {
  return partition === 0 ? failureId : `${failureId}/${partition}`
}
