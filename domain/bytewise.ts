/**
 * Orders ids by their bytes in UTF-8, as the databases do (docs/semantics.md, Ties). The order of strings in JavaScript
 * is another one: it has characters beyond U+FFFF before some of those below.
 *
 * @returns negative, 0 or positive
 */
export function compareBytewise(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
