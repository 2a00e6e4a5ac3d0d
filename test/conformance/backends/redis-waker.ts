import { expectEqual, LawBrokenError, type Law } from '../../../src/runtime/ports/conformance.ts'
import { systemClock } from '../../../src/runtime/ports/platform/clock.ts'
import { wakerLaws } from '../../../src/runtime/ports/waker/waker.conformance.ts'
import type { Waker } from '../../../src/runtime/ports/waker/waker.ts'
import { clockOffset } from '../../../src/runtime/backends/redis/clock-offset.ts'
import {
  redis,
  type CallingConnection,
  type CallingSubscriber,
  type RedisBackend,
  type SendingConnection,
  type SendingSubscriber,
} from '../../../src/runtime/backends/redis/index.ts'
import { defineJob, JobQueue } from '../../../src/services/background-jobs/index.ts'
import { createFakeClock, type FakeClock } from '../../../src/testing/index.ts'
import { suite, type Suite } from '../suite.ts'

type Connection = CallingConnection | SendingConnection
/** A client that can be either. */
export type RedisPeer = CallingSubscriber | SendingSubscriber

/** Two processes, as it were: `here` has a subscriber, `there` has none, and only the server is between them. */
interface Neighbours {
  readonly here: RedisBackend
  readonly there: RedisBackend
  readonly clock: FakeClock
  /** Ends the subscriber's connection on the server's side. */
  cut(): Promise<void>
  /** Resolves when everything that was woken before has been heard. */
  heard(): Promise<void>
}

const START = Date.UTC(2026, 0, 1)
const GUARD_MS = 30_000

/**
 * The laws on what Redis's waker hears of other processes.
 *
 * @param connect Makes a connection with the runtime's own client
 */
export function redisWakerSuites(connect: () => RedisPeer): readonly Suite[] {
  const connection = connect()
  const open = async (): Promise<Neighbours> => {
    const clock = createFakeClock(START)
    const subscriber = connect()
    const id = String(await send(subscriber, 'CLIENT', 'ID'))
    const options = {
      prefix: `law:${crypto.randomUUID()}`,
      clock,
      [clockOffset]: () => clock.now() - START,
    }
    return {
      here: redis(connection, { ...options, subscriber }),
      there: redis(connection, options),
      clock,
      cut: async () => void (await send(connection, 'CLIENT', 'KILL', 'ID', id)),
      heard: () => hearOnce(connection, subscriber),
    }
  }
  let latest: Neighbours | undefined
  return [
    suite('Waker', 'redis-tcp', wakerLaws, {
      async open() {
        latest = await open()
        return wokenFromThere(latest)
      },
      async advance(ms) {
        await latest?.heard()
        await latest?.clock.advance(ms)
      },
    }),
    suite('Waker between processes', 'redis-tcp', neighbourLaws, { open }),
  ]
}

/** Listens here, and wakes by adding a job there. */
function wokenFromThere({ here, there }: Neighbours): Required<Waker> {
  const standing = new Map<string, Promise<void>>()
  return {
    async wake(queue, inMs) {
      await standing.get(queue)
      await there.jobStore.queue(queue).add([{ name: 'n', data: null, delayMs: inMs }])
    },
    onWake(queue, listener) {
      let isStanding = false
      const stop = here.waker.onWake(queue, () => {
        if (isStanding) listener()
      })
      // The first wake says only that the subscription stands.
      const first = standing.get(queue) ?? firstWake(here.waker, queue)
      standing.set(
        queue,
        first.then(() => void (isStanding = true)),
      )
      return stop
    },
  }
}

const neighbourLaws: readonly Law<{ open(): Promise<Neighbours> }>[] = [
  {
    name: 'run() starts what another process adds, delays, promotes or releases, without looking on its own',
    async run({ open }) {
      const { here, there, clock, heard } = await open()
      const { started, run } = createWork(here, clock)
      const other = createWork(there, clock).queue
      await run(async () => {
        await other.add('note', 'now')
        await within(started('now'))
        await other.add('note', 'later', { delay: 1000 })
        await heard()
        await clock.advance(1000)
        await within(started('later'))
        const { id } = await other.add('note', 'promoted', { delay: 60_000 })
        await other.promote(id)
        await within(started('promoted'))
        await other.pause()
        await other.add('note', 'resumed')
        await other.resume()
        await within(started('resumed'))
      })
    },
  },
  {
    name: 'run() starts what another process gives back when it stops',
    async run({ open }) {
      const { here, there, clock } = await open()
      const mine = createWork(here, clock)
      const other = createWork(there, clock, () => new Promise(() => {}))
      await other.queue.add('note', 'given back')
      const stop = new AbortController()
      const working = other.queue.run({ signal: stop.signal, grace: 0 })
      await within(other.started('given back'))
      await mine.run(async () => {
        await within(firstWake(here.waker, 'between'))
        stop.abort()
        await within(mine.started('given back'))
      })
      await working
    },
  },
  {
    name: 'onWake() goes on hearing once its connection was lost and is there again',
    async run({ open }) {
      const { here, there, clock, cut } = await open()
      const { started, run } = createWork(here, clock)
      const other = createWork(there, clock).queue
      await run(async () => {
        await other.add('note', 'before')
        await within(started('before'))
        await within(firstWake(here.waker, 'again'))
        const again = nextWake(here.waker, 'again')
        await cut()
        await within(again)
        await other.add('note', 'after')
        await within(started('after'))
      })
    },
  },
  {
    name: 'onWake() does not hear twice what its own process adds',
    async run({ open }) {
      const { here, heard } = await open()
      await within(firstWake(here.waker, 'q'))
      let wakes = 0
      here.waker.onWake('q', () => wakes++)
      await here.jobStore.queue('q').add([{ name: 'n', data: null }])
      await heard()
      expectEqual(wakes, 0)
    },
  },
]

/** A queue whose worker never looks on its own: its clock stands still. */
function createWork(
  backend: RedisBackend,
  clock: FakeClock,
  handle: () => Promise<void> = async () => {},
) {
  const starts = new Map<unknown, PromiseWithResolvers<void>>()
  const startOf = (data: unknown): PromiseWithResolvers<void> => {
    const known = starts.get(data) ?? Promise.withResolvers<void>()
    starts.set(data, known)
    return known
  }
  const queue = new JobQueue({
    name: 'between',
    backend,
    clock,
    jobs: {
      note: defineJob({
        run({ data }) {
          startOf(data).resolve()
          return handle()
        },
      }),
    },
  })
  return {
    queue,
    started: (data: unknown): Promise<void> => startOf(data).promise,
    async run(act: () => Promise<void>): Promise<void> {
      const stop = new AbortController()
      const working = queue.run({ signal: stop.signal, maxWait: 3_600_000 })
      try {
        await act()
      } finally {
        stop.abort()
        await working
      }
    },
  }
}

/** Listens for good. @returns Resolves when the subscription stands */
function firstWake(waker: Required<Waker>, queue: string): Promise<void> {
  return nextWake(waker, queue)
}

function nextWake(waker: Required<Waker>, queue: string): Promise<void> {
  return new Promise((resolve) => void waker.onWake(queue, resolve))
}

/** What the server told the subscriber before this has been heard by then, since it keeps their order. */
async function hearOnce(connection: Connection, subscriber: RedisPeer): Promise<void> {
  const channel = crypto.randomUUID()
  const heard = Promise.withResolvers<void>()
  if ('call' in subscriber) {
    subscriber.on('message', (name) => {
      if (name === channel) heard.resolve()
    })
    await subscriber.subscribe(channel)
  } else await subscriber.subscribe(channel, () => heard.resolve())
  await send(connection, 'PUBLISH', channel, '')
  await within(heard.promise)
}

function send(connection: Connection, command: string, ...args: string[]): Promise<unknown> {
  return 'call' in connection ? connection.call(command, ...args) : connection.send(command, args)
}

/** Keeps a law that is broken from waiting for ever. */
function within(promise: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = systemClock.setTimer(
      () => reject(new LawBrokenError(`Expected it within ${GUARD_MS} ms of real time`)),
      GUARD_MS,
    )
    void promise.then(resolve, reject).finally(cancel)
  })
}
