/**
 * A larger record is refused, in bytes. Its dead letter has to hold it whole, in base64 if need be, and EventStoreDB
 * takes 1 MiB an event.
 */
export const MAX_RECORD_BYTES = 700 * 1024
/** What is kept of a record that is too large, in bytes. */
export const KEPT_BYTES = 4096
