/**
 * A larger record is refused, in bytes. It is also what one event holds of a dead letter, in base64 if need be:
 * EventStoreDB takes 1 MiB an event.
 */
export const MAX_RECORD_BYTES = 700 * 1024
/** So much of a record that is too large is kept, in bytes: what is in memory has to be bounded. */
export const MOST_KEPT_BYTES = 8 * 1024 * 1024
