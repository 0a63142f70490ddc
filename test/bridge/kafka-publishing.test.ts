import t from 'tap'
import { Publishing } from '../../bridge/kafka/publishing.js'

/** Publishing that goes on until it is told to end, and tells who has published. */
function publishing() {
  const members: string[] = []
  const ended = (signal: AbortSignal) => new Promise<void>((resolve) => (signal.onabort = () => resolve()))
  const it = new Publishing(async (member, signal) => {
    members.push(member)
    if (!signal.aborted) await ended(signal)
  })
  return { it, members }
}

void t.test('who leads the group publishes, and who joins it anew does it as another member', async (t) => {
  const { it, members } = publishing()
  it.start('a')
  it.start('a')
  await it.stop()
  it.start('a')
  it.start('b')
  await it.end()
  t.same(members, ['a', 'a', 'b'])
})

void t.test('who comes to lead when all is over does not begin', async (t) => {
  const { it, members } = publishing()
  await it.end()
  it.start('a')
  await it.stop()
  t.same(members, [])
})
