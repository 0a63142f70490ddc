import type { Collection } from 'mongodb'
import { isDuplicate } from './trouble.js'
import type { Lease } from '../port.js'

/** A lease as it is stored: `_id` is its name. */
export interface LeaseDocument {
  readonly _id: string
  readonly holder: string
  /** By the server's clock. */
  readonly ends: Date
}

/**
 * Takes a lease or renews it, in one update by the server's clock (`$$NOW`).
 *
 * @returns whether the holder has it now
 */
export async function takeLease(
  leases: Collection<LeaseDocument>,
  name: string,
  holder: string,
  milliseconds: number,
): Promise<boolean> {
  const ours = { $literal: holder }
  // What is missing, in a lease that nobody ever took, is not greater than anything.
  const free = { $or: [{ $eq: ['$holder', ours] }, { $not: [{ $gt: ['$ends', '$$NOW'] }] }] }
  const taken = {
    holder: { $cond: [free, ours, '$holder'] },
    ends: { $cond: [free, { $add: ['$$NOW', milliseconds] }, '$ends'] },
  }
  const options = { upsert: true, returnDocument: 'after' } as const
  const take = () => leases.findOneAndUpdate({ _id: name }, [{ $set: taken }], options)
  const lease = await take().catch((error: unknown) => {
    // Two took it for the first time at once: now it is there.
    if (isDuplicate(error)) return take()
    throw error
  })
  return lease?.holder === holder
}

/** Gives a lease back; somebody else's stays as it is. */
export async function releaseLease(
  leases: Collection<LeaseDocument>,
  name: string,
  holder: string,
): Promise<void> {
  await leases.deleteOne({ _id: name, holder })
}

/** Who holds what, in the order of names. */
export async function readLeases(leases: Collection<LeaseDocument>): Promise<Lease[]> {
  const held = leases.aggregate<Lease>([
    { $match: { $expr: { $gt: ['$ends', '$$NOW'] } } },
    { $sort: { _id: 1 } },
    { $project: { _id: 0, name: '$_id', holder: 1, left: { $subtract: ['$ends', '$$NOW'] } } },
  ])
  return held.toArray()
}
