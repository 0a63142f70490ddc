import fc from 'fast-check'
import t from 'tap'
import { InvalidRecord } from '../../domain/invalid-record.js'
import { parseUserEvent } from '../../domain/user-info-input.js'
import { insertChange, userChanged, valueAt, type Change } from '../../domain/user-info.js'

const address = {
  type: 'ChangeAddressEvent',
  id: 'c1',
  userId: 'user-1',
  processedAt: '2020-01-01T13:00+01:00',
  residentCountryCode: 'PL',
  address: '1 Long Street',
  postalCode: '00-001',
}

void t.test('changes become facts that are told apart by all that they say', async (t) => {
  const event = (change: object) => userChanged(parseUserEvent({ ...address, ...change })!, {})
  t.match(event({}), {
    stream: 'user-user-1',
    type: 'AddressChanged',
    data: {
      id: 'c1',
      userId: 'user-1',
      processedAt: '2020-01-01T12:00:00Z',
      residentCountryCode: 'PL',
      address: '1 Long Street',
      postalCode: '00-001',
    },
  })
  t.equal(event({}).id, event({ processedAt: '2020-01-01T12:00Z', more: 1 }).id, 'a repetition')
  for (const change of [{ userId: 'v' }, { residentCountryCode: 'DE' }, { postalCode: '1' }, { id: 'c2' }]) {
    t.not(event(change).id, event({}).id, JSON.stringify(change))
  }
  const { id, ...anonymous } = address
  t.equal(parseUserEvent(anonymous)?.data.id, '')
  const born = {
    type: 'ChangeBirthDateEvent',
    userId: 'u',
    processedAt: '2020-01-01T12:00Z',
    birthYear: 1984,
  }
  t.match(userChanged(parseUserEvent(born)!, {}), { type: 'BirthDateChanged', data: { birthYear: 1984 } })
})

void t.test('other types carry nothing, and what is wrong is refused', async (t) => {
  t.equal(parseUserEvent({ type: 'ChangeEmailEvent', userId: 5 }), undefined)
  for (const wrong of [
    { ...address, userId: undefined },
    { ...address, residentCountryCode: undefined },
    { ...address, processedAt: 'yesterday' },
    { ...address, type: 'ChangeBirthDateEvent' },
    { ...address, type: 'ChangeBirthDateEvent', birthYear: 1984.5 },
    { ...address, type: 'ChangeBirthDateEvent', birthYear: 0 },
  ]) {
    t.throws(() => parseUserEvent(wrong), InvalidRecord, JSON.stringify(wrong))
  }
})

const change = fc.tuple(
  fc.nat(3),
  fc.constantFrom('', 'a', 'ﬁ', '🙂'),
  fc.constantFrom('DE', 'PL', 'ﬁ', '🙂'),
)

void t.test('a history is the same in whatever order its changes came, repeated or not', async () => {
  fc.assert(
    fc.property(fc.array(change), fc.array(change), (some, more) => {
      const all = [...some, ...more]
      const history = (changes: readonly Change[]) => {
        const inOrder: Change[] = []
        for (const one of changes) insertChange(inOrder, one)
        return JSON.stringify(inOrder)
      }
      return (
        history(all) === history([...all].reverse()) && history(all) === history([...more, ...some, ...more])
      )
    }),
  )
})

void t.test(
  'the value as of an instant is that of the latest change, ties by id and then by value',
  async (t) => {
    const history: Change[] = []
    t.equal(valueAt(history, 0), undefined)
    t.equal(insertChange(history, [5, 'b', 'PL']), 0)
    t.equal(insertChange(history, [9, 'a', 'DE']), 1)
    t.equal(insertChange(history, [5, 'a', 'SE']), 0)
    t.equal(insertChange(history, [5, 'b', 'MT']), 1)
    t.equal(insertChange(history, [5, 'b', 'PL']), -1, 'it is there already')
    t.same(
      [4, 5, 8, 9, 10].map((instant) => valueAt(history, instant)),
      [undefined, 'PL', 'PL', 'DE', 'DE'],
    )
  },
)
