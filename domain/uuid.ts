import { hash } from 'node:crypto'

/**
 * Is this a UUID in its canonical form, 8-4-4-4-12 hexadecimal digits of either case? Any version and variant.
 * Asked for every event, so by hand: a regular expression takes four times as long.
 */
export function isUuid(text: string): boolean {
  if (text.length !== 36) return false
  for (let at = 0; at < 36; at++) {
    const code = text.charCodeAt(at)
    const fits = at === 8 || at === 13 || at === 18 || at === 23 ? code === 0x2d : isHexadecimal(code)
    if (!fits) return false
  }
  return true
}

/** 0 to 9, A to F, a to f. */
function isHexadecimal(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66)
}

/**
 * Name-based UUIDs of one namespace: version 5, SHA-1 over the namespace and the name in UTF-8 (RFC 9562 section 5.5).
 *
 * @param namespace a UUID
 * @returns the function from a name to its UUID, in lower case. Names must be well-formed text: lone surrogates
 *   would all become one and the same.
 */
export function uuidV5Namespace(namespace: string): (name: string) => string {
  if (!isUuid(namespace)) throw new TypeError(`${namespace} is not a UUID`)
  const prefix = Buffer.from(namespace.replaceAll('-', ''), 'hex')
  const input = Buffer.concat([prefix, Buffer.alloc(1024)])
  return (name) => {
    // A UTF-16 unit becomes three bytes at most.
    if (name.length * 3 > 1024)
      return format(hash('sha1', Buffer.concat([prefix, Buffer.from(name)]), 'hex'), '5')
    const length = 16 + input.write(name, 16)
    return format(hash('sha1', input.subarray(0, length), 'hex'), '5')
  }
}

/**
 * The UUID that is named by these bytes alone: version 3, MD5, and no namespace, as Java's
 * `UUID.nameUUIDFromBytes` has it.
 */
export function uuidV3FromBytes(bytes: Uint8Array): string {
  return format(hash('md5', bytes, 'hex'), '3')
}

/** The first 16 bytes of a hash with version and variant set (RFC 9562 sections 4.1 and 4.2). */
function format(hex: string, version: string): string {
  const variant = '89ab'.charAt(parseInt(hex.charAt(16), 16) & 3)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${version}${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
