import { createFakeClock, createSeededRandom } from '@white-cross/reuse/infrastructure/testing'
import { expect, test } from 'vitest'
import { MOST_FRAME_CHARS, readAnswer } from './frames.ts'
import { CLOSE, type RelayedRequest } from './listeners.ts'
import { createRelay, MOST_IN_FLIGHT, MOST_IN_FLIGHT_BYTES } from './relay.ts'
import { fakeSocket } from './fake-socket.ts'

const WITHIN_MS = 15_000
const ANSWERED = { status: 200, headers: ['retry-after', '7'], body: btoa('ok') }

function open() {
  const clock = createFakeClock()
  const relay = createRelay({ clock, random: createSeededRandom(), answerWithinMs: WITHIN_MS })
  const socket = fakeSocket('a')
  const answer = (id: unknown, more: object = ANSWERED) =>
    relay.take(socket, JSON.stringify({ type: 'answer', id, ...more }))
  return { clock, relay, socket, answer }
}

function request(bytes = 3): RelayedRequest {
  return { headers: { 'webhook-id': 'evt' }, body: new Uint8Array(bytes).fill(255) }
}

test('a delivery is sent with its headers and bytes, and answered by whatever comes back', async () => {
  const { relay, socket, answer } = open()
  const sent = relay.deliver(socket, { headers: { a: 'b' }, body: Uint8Array.of(0, 255, 10) })
  const [frame = {}] = socket.frames()
  expect(frame).toEqual({
    ...{ type: 'delivery', id: expect.stringMatching(/^[0-9a-f]{16}$/), withinMs: WITHIN_MS },
    ...{ headers: { a: 'b' }, body: 'AP8K' },
  })
  answer(frame['id'])
  expect(await sent).toEqual({
    ...{ kind: 'answered', status: 200, headers: [['retry-after', '7']] },
    body: new TextEncoder().encode('ok'),
  })
})

test('a large body is the same bytes in base64', async () => {
  const { relay, socket } = open()
  const body = Uint8Array.from({ length: 100_001 }, (_, index) => index % 251)
  void relay.deliver(socket, { headers: {}, body })
  const text = String(socket.frames()[0]?.['body'])
  expect(Buffer.from(text, 'base64').equals(Buffer.from(body))).toBe(true)
})

test('what the listener could not do is told apart', async () => {
  for (const reason of ['refused', 'late', 'broken'] as const) {
    const { relay, socket } = open()
    const sent = relay.deliver(socket, request())
    const id = socket.frames()[0]?.['id']
    relay.take(socket, JSON.stringify({ type: 'failed', id, reason }))
    expect(await sent).toEqual({ kind: 'failed', fault: `local_${reason}` })
  }
})

test('without an answer it ends after its time, or when it is given up, and what comes later is dropped', async () => {
  const { clock, relay, socket, answer } = open()
  const sent = relay.deliver(socket, request())
  const stop = new AbortController()
  const givenUp = relay.deliver(socket, request(), stop.signal)
  stop.abort()
  expect(await givenUp).toEqual({ kind: 'failed', fault: 'late' })
  await clock.advance(WITHIN_MS)
  expect(await sent).toEqual({ kind: 'failed', fault: 'late' })
  for (const frame of socket.frames()) answer(frame['id'])
  expect(socket.closes).toEqual([])
  expect(await relay.deliver(socket, request(), stop.signal)).toEqual({
    ...{ kind: 'failed', fault: 'late' },
  })
})

test('a connection that is lost, or cannot be written to, breaks what waits for it alone', async () => {
  const { relay, socket, answer } = open()
  const other = fakeSocket('b')
  const broken = relay.deliver(other, request())
  const kept = relay.deliver(socket, request())
  relay.lost(other)
  expect(await broken).toEqual({ kind: 'failed', fault: 'broken' })
  answer(socket.frames()[0]?.['id'])
  expect(await kept).toMatchObject({ kind: 'answered' })
  const dead = fakeSocket('c', () => {
    throw new Error('It is closed')
  })
  expect(await relay.deliver(dead, request())).toEqual({ kind: 'failed', fault: 'broken' })
})

test('an answer counts only on the connection that was asked', async () => {
  const { clock, relay, socket } = open()
  const sent = relay.deliver(socket, request())
  const id = socket.frames()[0]?.['id']
  relay.take(fakeSocket('b'), JSON.stringify({ type: 'answer', id, ...ANSWERED }))
  await clock.advance(WITHIN_MS)
  expect(await sent).toEqual({ kind: 'failed', fault: 'late' })
})

test('only so many, and so many bytes, are on their way at once', async () => {
  const { relay, socket, answer } = open()
  for (let index = 0; index < MOST_IN_FLIGHT; index++) void relay.deliver(socket, request())
  expect(await relay.deliver(socket, request())).toEqual({ kind: 'failed', fault: 'busy' })
  answer(socket.frames()[0]?.['id'])
  void relay.deliver(socket, request())
  expect(socket.frames()).toHaveLength(MOST_IN_FLIGHT + 1)
  const heavy = open()
  void heavy.relay.deliver(heavy.socket, request(MOST_IN_FLIGHT_BYTES - 1))
  expect(await heavy.relay.deliver(heavy.socket, request(2))).toEqual({
    ...{ kind: 'failed', fault: 'busy' },
  })
})

test('a listener that reads nothing is left before what was sent to it fills the memory', async () => {
  const { clock, relay, socket } = open()
  let sent = 0
  while (socket.closes.length === 0 && sent < 20) {
    const outcome = relay.deliver(socket, request(2_000_000))
    sent++
    await clock.advance(WITHIN_MS)
    await outcome
  }
  expect([sent, socket.closes]).toEqual([9, [CLOSE.idle]])
})

test('a frame that is none of the protocol ends the connection', async () => {
  const good = { type: 'answer', id: 'x', ...ANSWERED }
  const bad: readonly unknown[] = [
    ...['', '{', '[]', 'null', '"ready"', JSON.stringify({ ...good, status: 101 })],
    ...[{ status: 600 }, { status: 200.5 }, { body: '%' }, { body: 'a' }, { more: 1 }].map((one) =>
      JSON.stringify({ ...good, ...one }),
    ),
    JSON.stringify({ ...good, headers: Array.from({ length: 129 }, () => 'x') }),
    JSON.stringify({ type: 'failed', id: 'x', reason: 'other' }),
    JSON.stringify({ ...good, body: 'A'.repeat(MOST_FRAME_CHARS) }),
    new Uint8Array(4),
  ]
  for (const frame of bad) {
    const { relay, socket } = open()
    const waiting = relay.deliver(socket, request())
    relay.take(socket, frame)
    expect(socket.closes, String(frame).slice(0, 80)).toEqual([CLOSE.protocol])
    expect(await waiting).toEqual({ kind: 'failed', fault: 'broken' })
  }
  expect(readAnswer(JSON.stringify(good))).not.toBeNull()
})

test('pings are answered, and a flood of them or of answers to nothing ends the connection', async () => {
  const { clock, relay, socket, answer } = open()
  for (let ping = 0; ping < 200; ping++) relay.take(socket, 'ping')
  expect([socket.sent.length, socket.sent[0], socket.closes]).toEqual([200, 'pong', []])
  await clock.advance(10_001)
  for (let index = 0; index < 200; index++) answer(`none-${index}`)
  expect(socket.closes).toEqual([])
  answer('none')
  expect(socket.closes).toEqual([CLOSE.protocol])
})
