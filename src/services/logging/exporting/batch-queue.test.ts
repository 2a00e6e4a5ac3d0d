import { expect, test } from 'vitest'
import { createFakeClock, createSeededRandom } from '../../../testing/index.ts'
import { createBatchQueue, type BatchOptions, type BatchQueue } from './batch-queue.ts'
import { ExportError } from './export-error.ts'

/** A receiver that answers as told; what it took is `bodies`. */
function fixture(
  answer: (body: string, count: number) => Response | Promise<Response>,
  options: BatchOptions = {},
): { queue: BatchQueue<string>; bodies: string[]; clock: ReturnType<typeof createFakeClock> } {
  const bodies: string[] = []
  const clock = createFakeClock()
  const queue = createBatchQueue<string>(
    'send logs',
    {
      url: 'https://logs.example/x?key=secret',
      headers: {},
      join: (parts) => parts.join(),
      rejected: (text) => Number(/\d+/.exec(text)?.[0] ?? 0),
    },
    (item) => {
      if (item === 'bad') throw new Error('no')
      return item
    },
    {
      clock,
      random: createSeededRandom(1),
      fetch: async (_url, init) => {
        bodies.push(bodyOf(init))
        return answer(bodyOf(init), bodies.length)
      },
      ...options,
    },
  )
  return { queue, bodies, clock }
}

const ok = (): Response => new Response(null, { status: 204 })

test('flush() sends what waits in batches, and can be called again', async () => {
  const { queue, bodies } = fixture(ok, { maxBatch: 2, flushAfter: 0 })
  for (const item of ['a', 'b', 'c']) queue.add(item)
  expect(await queue.flush()).toEqual({ sent: 3, dropped: 0, errors: [] })
  expect(await queue.flush()).toEqual({ sent: 0, dropped: 0, errors: [] })
  queue.add('d')
  expect(await queue.flush()).toEqual({ sent: 1, dropped: 0, errors: [] })
  expect(bodies).toEqual(['a,b', 'c', 'd'])
})

test('what has no room is dropped and counted once', async () => {
  const { queue } = fixture(ok, { maxQueued: 3, flushAfter: 0 })
  for (let item = 0; item < 10; item++) queue.add(String(item))
  expect(await queue.flush()).toMatchObject({ sent: 3, dropped: 7 })
  expect(await queue.flush()).toMatchObject({ sent: 0, dropped: 0 })
})

test('a record that cannot be encoded loses only itself', async () => {
  const { queue, bodies } = fixture(ok)
  for (const item of ['a', 'bad', 'b']) queue.add(item)
  const { sent, dropped, errors } = await queue.flush()
  expect([sent, dropped, bodies]).toEqual([2, 1, ['a,b']])
  expect(errors[0]).toBeInstanceOf(ExportError)
  expect((errors[0] as ExportError).code).toBe('not_encodable')
})

test('a record that the receiver refuses loses only itself', async () => {
  const { queue, bodies } = fixture(
    (body) => new Response(null, { status: body.includes('x') ? 400 : 200 }),
    { flushAfter: 0 },
  )
  for (const item of ['a', 'b', 'c', 'x', 'd', 'e', 'f', 'g']) queue.add(item)
  const { sent, dropped, errors } = await queue.flush()
  expect([sent, dropped, errors.length]).toEqual([7, 1, 1])
  expect(bodies.length).toBeLessThan(10)
})

test('a batch of nothing but bad records takes a bounded number of requests', async () => {
  const { queue, bodies } = fixture(() => new Response(null, { status: 400 }), { flushAfter: 0 })
  for (let item = 0; item < 500; item++) queue.add('x')
  expect(await queue.flush()).toMatchObject({ sent: 0, dropped: 500 })
  expect(bodies.length).toBeLessThan(60)
})

test('what a success says was refused is counted', async () => {
  const { queue } = fixture(() => new Response('{"rejected":2}'))
  for (const item of ['a', 'b', 'c']) queue.add(item)
  expect(await queue.flush()).toMatchObject({ sent: 1, dropped: 2 })
})

test('a receiver that is busy is tried again when it says, and then keeps what it did not take', async () => {
  const { queue, bodies, clock } = fixture((_, count) =>
    count < 3 ? new Response(null, { status: 503, headers: { 'retry-after': '2' } }) : ok(),
  )
  queue.add('a')
  const flushed = queue.flush()
  await clock.advance(1999)
  expect(bodies.length).toBe(1)
  await clock.advance(2001)
  expect(await flushed).toEqual({ sent: 1, dropped: 0, errors: [] })
  expect(bodies).toEqual(['a', 'a', 'a'])
})

test('a receiver that is away keeps nobody waiting for more than its tries, and loses nothing that fits', async () => {
  let away = true
  const { queue, bodies, clock } = fixture(
    async () => {
      if (away) throw new TypeError('refused')
      return ok()
    },
    { maxBatch: 2, attempts: 2, flushAfter: 0 },
  )
  for (const item of ['a', 'b', 'c', 'd', 'e']) queue.add(item)
  const flushed = queue.flush()
  await clock.advance(60_000)
  const { sent, dropped, errors } = await flushed
  expect([sent, dropped, bodies.length]).toEqual([0, 0, 2])
  expect(String(errors[0])).toBe(
    'ExportError: Cannot send to logs.example: it did not answer, try again later',
  )
  away = false
  expect(await queue.flush()).toMatchObject({ sent: 5, dropped: 0 })
  expect(bodies.slice(2).join()).toBe('a,b,c,d,e')
})

test('an answer that never comes is given up', async () => {
  const { queue, clock } = fixture(() => new Promise(() => undefined), {
    timeout: '1s',
    attempts: 1,
  })
  queue.add('a')
  const flushed = queue.flush()
  await clock.advance(1000)
  expect((await flushed).errors.map((error) => (error as ExportError).code)).toEqual([
    'unreachable',
  ])
})

test('a key that is wrong loses the batch at once, and says what to check', async () => {
  const { queue, bodies } = fixture(() => new Response('secret', { status: 403 }))
  queue.add('a')
  const { dropped, errors } = await queue.flush()
  expect([dropped, bodies.length]).toEqual([1, 1])
  expect(String(errors[0])).toBe(
    'ExportError: Cannot send to logs.example: it refused what was sent (403), check its address and keys',
  )
})

test('records are sent by themselves after a while, and when a batch is full', async () => {
  const waiting: Promise<unknown>[] = []
  const { queue, bodies, clock } = fixture(ok, {
    flushAfter: '2s',
    maxBatch: 3,
    waitUntil: (promise) => waiting.push(promise),
  })
  queue.add('a')
  await clock.advance(1999)
  expect(bodies).toEqual([])
  await clock.advance(1)
  expect([bodies, waiting.length]).toEqual([['a'], 1])
  for (const item of ['b', 'c', 'd']) queue.add(item)
  await clock.advance(0)
  expect(bodies).toEqual(['a', 'b,c,d'])
})

test('a timer that died with its request is set again', async () => {
  const timers: (() => void)[] = []
  let now = 0
  const clock = {
    now: () => now,
    setTimer(wake: () => void) {
      timers.push(wake)
      return () => undefined
    },
  }
  const { queue } = fixture(ok, { clock, flushAfter: '1s' })
  queue.add('a')
  queue.add('b')
  now = 1999
  queue.add('c')
  expect(timers.length).toBe(1)
  now = 2000
  queue.add('d')
  expect(timers.length).toBe(2)
})

test('where no timer can be set records wait for flush()', async () => {
  const clock = {
    now: () => 0,
    setTimer: () => {
      throw new Error('not in global scope')
    },
  }
  const no = (): never => {
    throw new Error('not in global scope')
  }
  const { queue } = fixture(no, { clock })
  queue.add('a')
  const { errors } = await queue.flush()
  expect(errors.map((error) => (error as ExportError).code)).toEqual(['unreachable'])
})

function bodyOf({ body }: RequestInit): string {
  if (typeof body === 'string') return body
  throw new TypeError('A text was to be sent')
}

test('what is lost while sending by itself is told by the next flush', async () => {
  const { queue, clock } = fixture(() => new Response(null, { status: 403 }), { maxBatch: 2 })
  for (const item of ['a', 'b']) queue.add(item)
  await clock.advance(0)
  const { sent, dropped, errors } = await queue.flush()
  expect([sent, dropped, errors.length]).toEqual([0, 2, 1])
  expect(await queue.flush()).toEqual({ sent: 0, dropped: 0, errors: [] })
})
