/** Which part of a list is wanted. */
export interface PageRequest {
  readonly limit: number
  /** The `next` of the page before. */
  readonly after?: string | undefined
}

/** A part of a list. */
export interface Page<Item> {
  readonly items: Item[]
  /** Absent on the last page. */
  readonly next?: string | undefined
}

/** The request as a part of a query to the read store. */
export function partOf({ limit, after }: PageRequest): { readonly limit: number; readonly after?: string } {
  return after === undefined ? { limit } : { limit, after }
}
