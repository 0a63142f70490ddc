/** The collection in which the runner keeps its own notes about a build, each partition its own (partition.ts). */
export const runnerCollection = 'runner'
/** Why a partition stopped. */
export const failureId = 'failure'
/** The last event that a partition has met (origin.ts). */
export const originId = 'origin'
