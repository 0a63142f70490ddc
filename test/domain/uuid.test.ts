import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { isUuid, uuidV3FromBytes, uuidV5Namespace } from '../../domain/uuid.js'

const DNS = '6ba7b810-9dad-11d1-80b4-00c04fd430c8'

void t.test('makes the version 5 UUID of RFC 9562, appendix A.4', async (t) => {
  t.equal(uuidV5Namespace(DNS)('www.example.com'), '2ed6657d-e927-568b-95e1-2665a8aea6a2')
})

void t.test('reads the namespace in either case', async (t) => {
  t.equal(uuidV5Namespace(DNS.toUpperCase())('www.example.com'), '2ed6657d-e927-568b-95e1-2665a8aea6a2')
  t.throws(() => uuidV5Namespace('dns'), TypeError)
})

void t.test('law: version 5 is SHA-1 over namespace and name in UTF-8, of any length', async (t) => {
  const inDns = uuidV5Namespace(DNS)
  const prefix = Buffer.from(DNS.replaceAll('-', ''), 'hex')
  const name = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ minLength: 300, maxLength: 2000 }))
  fc.assert(
    fc.property(name, (name) => {
      const bytes = createHash('sha1').update(prefix).update(name, 'utf8').digest().subarray(0, 16)
      bytes[6] = (bytes[6]! & 0x0f) | 0x50
      bytes[8] = (bytes[8]! & 0x3f) | 0x80
      const uuid = inDns(name)
      return uuid.replaceAll('-', '') === bytes.toString('hex') && isUuid(uuid)
    }),
  )
  t.pass()
})

void t.test('names bytes as Java does', async (t) => {
  // UUID.nameUUIDFromBytes on JDK 17.
  t.equal(uuidV3FromBytes(Buffer.from('')), 'd41d8cd9-8f00-3204-a980-0998ecf8427e')
  t.equal(uuidV3FromBytes(Buffer.from('abc')), '90015098-3cd2-3fb0-9696-3f7d28e17f72')
  t.equal(uuidV3FromBytes(Buffer.from('jdbc:sample')), '5cd81ed9-3671-3fe1-bb41-258e687c3bd3')
})

void t.test('tells canonical UUIDs from other text', async (t) => {
  t.ok(isUuid(DNS))
  t.ok(isUuid(DNS.toUpperCase()))
  t.ok(isUuid('00000000-0000-0000-0000-000000000000'))
  for (const digit of '0123456789abcdefABCDEF') t.ok(isUuid(DNS.replace('6', digit)), digit)
  for (const other of '/:@G`g-') t.notOk(isUuid(DNS.replace('6', other)), other)
  for (const text of [
    '',
    DNS.slice(1),
    `${DNS}0`,
    DNS.replaceAll('-', ''),
    `{${DNS.slice(2)}}`,
    DNS.replace('-', '0'),
    DNS.replace('-', '–'),
  ]) {
    t.notOk(isUuid(text), text)
  }
})
