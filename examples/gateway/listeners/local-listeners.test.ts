import { createFakeClock, createSeededRandom } from '@white-cross/reuse/infrastructure/testing'
import { expect, test } from 'vitest'
import { fakeSocket } from './fake-socket.ts'
import { CLOSE, type ListenerConnection } from './listeners.ts'
import { createLocalListeners, IDLE_MS, MOST_LISTENERS, MOST_OF_TENANT } from './local-listeners.ts'

const REQUEST = { headers: {}, body: new Uint8Array(1) }

function open() {
  const clock = createFakeClock()
  const random = createSeededRandom()
  return { clock, listeners: createLocalListeners({ clock, random, answerWithinMs: 1000 }) }
}

function connection(
  name: string,
  session = 'session-0123456',
  tenant = 'acme',
): ListenerConnection {
  return { listener: { tenant, name }, session, caller: { id: 'root', tenant: null }, until: null }
}

test('a connection is told that it is ready, and is the holder until it is closed', async () => {
  const { listeners } = open()
  const mine = connection('local')
  expect(await listeners.holder(mine.listener)).toBeNull()
  expect(await listeners.deliver(mine.listener, REQUEST)).toEqual({
    ...{ kind: 'failed', fault: 'nobody' },
  })
  const socket = fakeSocket('1')
  const events = listeners.connect(mine, socket)
  expect(socket.sent).toEqual(['{"type":"ready"}'])
  expect(await listeners.holder(mine.listener)).toEqual(mine)
  const sent = listeners.deliver(mine.listener, REQUEST)
  events.closed()
  expect(await sent).toEqual({ kind: 'failed', fault: 'broken' })
  expect(await listeners.holder(mine.listener)).toBeNull()
})

test('another program of the name is refused, the same one takes its own place', async () => {
  const { listeners } = open()
  const first = fakeSocket('1')
  const events = listeners.connect(connection('local'), first)
  const stranger = fakeSocket('2')
  listeners.connect(connection('local', 'another-0123456'), stranger)
  expect([stranger.sent, stranger.closes]).toEqual([[], [CLOSE.inUse]])
  const again = fakeSocket('3')
  const mine = connection('local')
  listeners.connect(mine, again)
  expect([first.closes, again.sent.length]).toEqual([[CLOSE.replaced], 1])
  // That the old one is closed is heard late, and is nothing to the new one.
  events.message('{')
  events.closed()
  expect(await listeners.holder(mine.listener)).toEqual(mine)
  expect(again.closes).toEqual([])
})

test('names and tenants are apart', async () => {
  const { listeners } = open()
  const [a, b, c] = [connection('a'), connection('b'), connection('a', undefined, 'other')]
  const sockets = [a, b, c].map((one, index) => {
    const socket = fakeSocket(String(index))
    listeners.connect(one, socket)
    return socket
  })
  void listeners.deliver(b.listener, REQUEST)
  expect(sockets.map((socket) => socket.frames().length)).toEqual([1, 2, 1])
})

test('one of which nothing is heard for a minute is closed, one that pings stays', async () => {
  const { clock, listeners } = open()
  const [quiet, busy] = [fakeSocket('1'), fakeSocket('2')]
  listeners.connect(connection('quiet'), quiet)
  const events = listeners.connect(connection('busy'), busy)
  for (let passed = 0; passed < IDLE_MS; passed += 20_000) {
    await clock.advance(20_000)
    events.message('ping')
  }
  expect([quiet.closes, busy.closes]).toEqual([[CLOSE.idle], []])
  await clock.advance(IDLE_MS)
  expect(busy.closes).toEqual([CLOSE.idle])
})

test('only so many connections are there, of one tenant and of all', () => {
  const { listeners } = open()
  const closes: string[] = []
  for (let index = 0; index <= MOST_LISTENERS; index++) {
    const socket = fakeSocket(String(index))
    listeners.connect(connection(`n${index}`, undefined, `t${index % 500}`), socket)
    if (socket.closes.length > 0) closes.push(`${index} ${socket.closes[0]?.reason}`)
  }
  expect(closes).toEqual([`${MOST_LISTENERS} too many listeners`])
  const own = open()
  for (let index = 0; index < MOST_OF_TENANT; index++)
    own.listeners.connect(connection(`n${index}`), fakeSocket(String(index)))
  const late = fakeSocket('late')
  own.listeners.connect(connection('one-more'), late)
  expect(late.closes).toEqual([CLOSE.full])
})

test('drop and close end connections, and what waits for them', async () => {
  const { listeners } = open()
  const [a, b] = [connection('a'), connection('b')]
  const [first, second] = [fakeSocket('1'), fakeSocket('2')]
  listeners.connect(a, first)
  listeners.connect(b, second)
  const waiting = listeners.deliver(b.listener, REQUEST)
  await listeners.drop(a.listener, CLOSE.revoked)
  listeners.close()
  expect([first.closes, second.closes]).toEqual([[CLOSE.revoked], [CLOSE.goingAway]])
  expect(await waiting).toEqual({ kind: 'failed', fault: 'broken' })
  expect(await listeners.holder(a.listener)).toBeNull()
})
