import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import type { Backend } from '../../../../src/runtime/ports/backend.ts'
import { defineJob, type FleetEvent } from '../../../../src/services/background-jobs/index.ts'
import { queueOn, type JobQueueHarness } from './job-queue-harness.ts'

const kinds = {
  good: defineJob({ run: () => 1 }),
  bad: defineJob({
    run: () => {
      throw new Error('Broken')
    },
  }),
}

/** What a reader of the fleet's events is promised. */
export const fleetEventLaws: readonly Law<JobQueueHarness>[] = [
  {
    name: 'events() tells in one process what happens in another, and goes on from a cursor',
    async run(harness) {
      const backend = await harness.open()
      const [here, there] = [queueOn(backend, harness, kinds), queueOn(backend, harness, kinds)]
      await here.recordEvents()
      await there.add('good', 1)
      await there.drain()
      const first = await take(here, { since: 'oldest' }, 3)
      expectEqual(first.map(typeAndName), ['added good', 'active good', 'completed good'])
      await there.add('bad', 1, { attempts: 1 })
      await there.drain()
      const rest = await take(here, { since: first[2]?.cursor ?? '' }, 3)
      expectEqual(rest.map(typeAndName), ['added bad', 'active bad', 'dead bad'])
    },
  },
  {
    name: 'events() without a cursor begins now, waits for what comes, and ends with its signal',
    async run(harness) {
      const backend = await harness.open()
      const looked = Promise.withResolvers<void>()
      const queue = queueOn(watched(backend, looked.resolve), harness, kinds)
      await queue.recordEvents()
      await queue.add('good', 'before')
      const stop = new AbortController()
      const seen: FleetEvent[] = []
      const reading = (async () => {
        for await (const event of queue.events({ signal: stop.signal })) {
          seen.push(event)
          stop.abort()
        }
      })()
      await looked.promise
      await queue.add('bad', 'after')
      for (let step = 0; step < 100 && seen.length === 0; step++) await harness.advance(1000)
      await reading
      expectEqual(seen.map(typeAndName), ['added bad'])
    },
  },
  {
    name: 'events() says where some were missed',
    async run(harness) {
      const queue = queueOn(await harness.open(), harness, kinds)
      await queue.recordEvents({ keep: 2 })
      await queue.add('good', 1)
      const [first] = await take(queue, { since: 'oldest' }, 1)
      await queue.addBulk([1, 2, 3].map((data) => ({ name: 'good' as const, data })))
      const late = await take(queue, { since: first?.cursor ?? '' }, 3)
      expectEqual(
        late.map(({ type }) => type),
        ['missed', 'added', 'added'],
      )
      expectTrue(late[0]?.cursor === late[1]?.cursor, 'what was missed to be told where it ends')
    },
  },
  {
    name: 'events() of a queue that records none says so, and refuses what is no cursor',
    async run(harness) {
      const queue = queueOn(await harness.open(), harness, kinds)
      await expectRejection(
        () => queue.events().next(),
        (error) => (error as { readonly code?: unknown }).code === 'events_not_recorded',
        'the queue to say that it records none',
      )
      await expectRejection(
        async () => queue.events({ since: 'yesterday' }),
        (error) => error instanceof RangeError,
        'a cursor that is none to be refused',
      )
      await expectRejection(
        async () => queue.recordEvents({ keep: 1e9 }),
        (error) => error instanceof RangeError,
        'a number out of range to be refused',
      )
    },
  },
]

interface Queue {
  events(options: {
    readonly since?: string
    readonly signal?: AbortSignal
  }): AsyncGenerator<FleetEvent>
}

/** The next events of a queue. */
async function take(
  queue: Queue,
  options: { readonly since: string },
  count: number,
): Promise<readonly FleetEvent[]> {
  const events: FleetEvent[] = []
  for await (const event of queue.events(options)) if (events.push(event) === count) break
  return events
}

/** Tells when events were looked at. */
function watched(backend: Backend, onLook: () => void): Backend {
  return {
    ...backend,
    jobStore: {
      queue(name) {
        const queue = backend.jobStore.queue(name)
        return {
          ...queue,
          async events(options) {
            const page = await queue.events(options)
            onLook()
            return page
          },
        }
      },
    },
  }
}

function typeAndName(event: FleetEvent): string {
  return 'name' in event ? `${event.type} ${event.name}` : event.type
}
