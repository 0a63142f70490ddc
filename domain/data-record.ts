import type { Event, Metadata, NewEvent } from './event.js'
import { formatTimestamp } from './timestamp.js'
import { uuidV5Namespace } from './uuid.js'

/** A data record that has been checked. */
export interface DataRecord {
  readonly externalRecordId: string
  readonly msisdn: string
  /** Milliseconds since 1970. */
  readonly recordedAt: number
  readonly recordedBytes: number
}

/** A subscriber has used some data. The event's id is the record's internal id; `recordedAt` is ISO 8601 in UTC. */
export type DataRecorded = Event<
  'DataRecorded',
  {
    readonly externalRecordId: string
    readonly msisdn: string
    readonly recordedAt: string
    readonly recordedBytes: number
  }
>

/** The fact for the log. The same record always gives the same event id. */
export function dataRecorded(record: DataRecord, metadata: Metadata): NewEvent<DataRecorded> {
  const { externalRecordId, msisdn, recordedBytes } = record
  return {
    id: internalRecordId(msisdn, externalRecordId),
    stream: `subscriber-${msisdn}`,
    type: 'DataRecorded',
    data: { externalRecordId, msisdn, recordedAt: formatTimestamp(record.recordedAt), recordedBytes },
    metadata,
  }
}

/** Who a record is: a UUIDv5 over subscriber and external id (docs/semantics.md, Data plans: Record identity). */
export function internalRecordId(msisdn: string, externalRecordId: string): string {
  // An msisdn is digits only, so the first colon is ours and no two records share a name.
  return recordId(`${msisdn}:${externalRecordId}`)
}

/** The namespace of records' ids. Changing it would let every record into the log a second time. */
const recordId = uuidV5Namespace('f9c2c199-3453-4c2a-b1e6-9ee91f16cf09')
