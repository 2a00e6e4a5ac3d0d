import { CircuitBreaker } from '../../../src/runtime/coordination/circuit-breaker/circuit-breaker.ts'
import { createIdempotency } from '../../../src/runtime/coordination/idempotency/idempotency.ts'
import { DistributedLock } from '../../../src/runtime/coordination/locks/distributed-lock.ts'
import { Semaphore } from '../../../src/runtime/coordination/locks/semaphore.ts'
import { SagaOrchestrator } from '../../../src/runtime/coordination/sagas/saga-orchestrator.ts'
import { expectEqual, expectTrue, type Law } from '../../../src/runtime/ports/conformance.ts'
import { openFixture, type CoordinationHarness, type Process } from './fixture.ts'

type Act = (process: Process, name: string) => Promise<unknown>

/** What is given a name, how many bytes of one it takes at least, and what it comes to. */
const ACTS: Readonly<Record<string, readonly [leastBytes: number, act: Act, answer: unknown]>> = {
  'the key of a lock': [500, (process, key) => holdTwice(new DistributedLock(process), key), [1]],
  'the name of locks': [
    500,
    (process, partition) => holdTwice(new DistributedLock({ ...process, partition }), 'k'),
    [1],
  ],
  'the key of slots': [
    480,
    async (process, key) => {
      const slots = new Semaphore({ ...process, limit: 2 })
      return slots.withSlot(key, () => slots.withSlot(key, () => slots.acquire(key)))
    },
    null,
  ],
  'the key of an idempotent call': [
    480,
    async (process, key) => {
      const idempotency = createIdempotency(process)
      const results: unknown[] = []
      for (const result of [1, 2]) results.push(await idempotency.run(key, 'f', async () => result))
      return results
    },
    [1, 1],
  ],
  'the name of a circuit': [
    250,
    async ({ backend, clock }, name) => {
      const open = () => new CircuitBreaker({ backend, clock, name, failureThreshold: 1 })
      await open()
        .execute(() => Promise.reject(new Error('Broken')))
        .catch(() => undefined)
      return open()
        .execute(() => 'called')
        .catch((error: unknown) => Reflect.get(Object(error), 'code'))
    },
    'circuit_open',
  ],
  'the id of a saga and its steps': [
    100,
    async (process, id) => {
      const orders = new SagaOrchestrator({ ...process, name: 's'.repeat(100) }).addStep({
        name: id.slice(0, 100),
        execute: () => 'done',
      })
      const { status } = await orders.run(null, { id })
      return [status, (await orders.inspect(id))?.status]
    },
    ['completed', 'completed'],
  ],
}

/** What names, keys and ids promise at their longest. */
export const longestNameLaws: readonly Law<CoordinationHarness>[] = [
  {
    name: 'names, keys and ids work at their longest with all that is made of them, and longer ones are refused at the call',
    async run(harness) {
      const fixture = await openFixture(harness)
      for (const letter of ['k', '語'])
        for (const [what, [leastBytes, act, answer]] of Object.entries(ACTS)) {
          const size = letter === 'k' ? 1 : 3
          for (const bytes of [100, 200, 250, 256, 257, 480, 500, 504, 507, 510, 512, 513, 900]) {
            const name = letter.repeat(Math.floor(bytes / size))
            const where = `${what}, ${bytes} bytes of ${letter}`
            try {
              expectEqual(await act(fixture.process(), name), answer, where)
            } catch (error) {
              if (!(error instanceof RangeError)) throw error
              expectTrue(bytes > leastBytes, `${where} to be taken, not ${error.message}`)
            }
          }
        }
    },
  },
]

/** @returns Whether one of two has it, as a list */
async function holdTwice(lock: DistributedLock, key: string): Promise<readonly number[]> {
  const leases = [await lock.acquire(key), await lock.acquire(key)].filter((one) => one !== null)
  for (const lease of leases) await lock.release(lease)
  return [leases.length]
}
