import t from 'tap'
import type { NewEvent } from '../../domain/event.js'
import { moneyEnriched } from '../../projections/money/money-enriched.js'
import { waitingChanges } from '../../projections/money/waiting-changes.js'
import {
  askedAgain,
  began,
  born,
  lookedUp,
  lookupFailed,
  moneyIn,
  moved,
  movedTo,
  sessionRules,
} from './money.js'
import { Countdown, Stopped, stoppingAppends, stoppingCommits } from './stopping.js'
import { cutInto, foldToHead, openTidemark, textsOf, wholeLog, type Tidemark } from './tidemark.js'

const at = (hour: number) => new Date(Date.UTC(2020, 0, 1, hour)).toISOString()

/** A bit of everything, most of it too late, and much of it about the same money. */
const history: NewEvent[] = [
  moved({ id: 'm1', session: 's', at: at(10) }),
  moved({ id: 'm2', session: 's', at: at(9) }),
  movedTo('PL', at(1)),
  began('s', 'SE', at(8)),
  moved({ id: 'm3', session: 't', at: at(8) }),
  movedTo('DE', at(9)),
  lookupFailed('t'),
  moved({ id: 'm4', session: 't', at: at(7), old: true }),
  born(1984, at(0)),
  askedAgain('t'),
  moved({ id: 'v1', user: 'v', session: 's', at: at(11) }),
  lookedUp('t', 'MT', 2),
  began('s', 'ES', '2019-12-30T00:00:00Z'),
  moved({ id: 'm5', session: 's', at: at(30) }),
  sessionRules(3_600_000, 0),
  moved({ id: 'm6', session: 't', at: at(31) }),
  lookedUp('s', 'GB'),
  began('t', 'PL', at(30.5)),
  movedTo('SE', at(2), 'v'),
  moved({ id: 'm0', at: at(1) }),
]

async function everything({ live }: Tidemark, projection: string) {
  const build = await live(projection)
  const collections = Object.keys(moneyEnriched.collections)
  return Promise.all(collections.map(async (name) => [name, await textsOf(build, name)] as const))
}

/** What was derived, with its place in its stream. */
async function derived({ eventStore }: Tidemark): Promise<string[]> {
  const events = await wholeLog(eventStore, ['enriched'])
  return events.map(({ id, stream, revision, data }) => JSON.stringify([stream, revision, id, data])).sort()
}

void t.test('documents are the same to the byte, however the log is cut into pages', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(...history)
  await moneyIn(tidemark).fold()
  const whole = await everything(tidemark, moneyEnriched.name)
  t.ok((await moneyIn(tidemark).published()).length > 15)
  for (const size of [1, 2, 3, 5, 7, 11]) {
    const cut = { ...moneyEnriched, name: `cut into ${size}` }
    await foldToHead(cut, tidemark.eventStore, tidemark.readStore, cutInto(size))
    t.same(await everything(tidemark, cut.name), whole, `pages of ${size}`)
  }
})

void t.test(
  'what is published is the same and in the same order, however the log is cut into pages',
  async (t) => {
    const sets: string[][] = []
    for (const size of [1, 2, 3, 4, 7, history.length]) {
      const tidemark = await openTidemark(t)
      await tidemark.append(...history)
      await foldToHead(moneyEnriched, tidemark.eventStore, tidemark.readStore, cutInto(size))
      sets.push(await derived(tidemark))
      t.same(await moneyIn(tidemark).differences(), [])
    }
    for (const set of sets) t.same(set, sets[0])
  },
)

void t.test('documents are the same, however often the fold was stopped and opened again', async (t) => {
  const [once, often] = [await openTidemark(t), await openTidemark(t)]
  await once.append(...history)
  await moneyIn(once).fold()
  for (const event of history) {
    await often.append(event)
    await moneyIn(often).fold()
  }
  t.same(await moneyIn(often).money(), await moneyIn(once).money())
  t.same(await derived(often), await derived(once))
  t.same(await moneyIn(often).differences(), [])
})

void t.test('changes that a stop cut short are finished by the next start, and published once', async (t) => {
  const tidemark = await openTidemark(t)
  const { fold, money, published, differences } = moneyIn(tidemark)
  const { eventStore, readStore } = tidemark
  const count = 9_000
  const all = Array.from({ length: count }, (_, n) =>
    moved({ id: `m${n}`, at: new Date(Date.UTC(2020, 0, 1) + n * 60_000).toISOString() }),
  )
  for (let from = 0; from < count; from += 1_000) await tidemark.append(...all.slice(from, from + 1_000))
  await fold()
  await tidemark.append(movedTo('PL', '2019-01-01T00:00:00Z'))
  const left = async () => {
    const texts = await textsOf(await tidemark.live(moneyEnriched.name), waitingChanges)
    return JSON.parse(texts.money!) as { changes: { done?: string }[] }
  }
  let stops = 0
  for (const commits of [1, 2, 1, 3]) {
    const stopping = stoppingCommits(readStore, new Countdown(commits))
    const appends = stoppingAppends(eventStore, new Countdown(commits))
    await foldToHead(moneyEnriched, appends, stopping).catch((error: unknown) => {
      if (!(error instanceof Stopped)) throw error
      stops++
    })
    if ((await left()).changes[0]?.done !== undefined) t.pass(`stopped half-way after ${commits} commits`)
  }
  t.ok(stops >= 3, `${stops} stops`)
  await fold()
  t.same((await left()).changes, [])
  t.equal((await money()).filter((text) => /, \? in PL,.* r2$/.test(text)).length, count)
  t.equal((await published()).length, 2 * count)
  t.same(await differences(), [])
})
