import type { Upcasters } from './upcasting.js'

/**
 * The versions of our events: for a type that has more than one, the step from each to the next. Every event is of its
 * first version so far.
 *
 * To change the data of an event, change its type in domain/ to what it is to be, add the step from the old data to the
 * new one at the end of its row here, and put a stored event of the old version into test/fixtures/. Steps that stand
 * here are never changed or removed.
 */
export const upcasters: Upcasters = {}
