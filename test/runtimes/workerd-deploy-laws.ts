import {
  durableObjects,
  type DurableObjectNamespaceLike,
} from '../../src/runtime/backends/durable-objects/index.ts'
import type { RemoteMethods } from '../../src/runtime/backends/durable-objects/object-caller.ts'
import { BackendError } from '../../src/runtime/ports/backend-error.ts'
import { expectEqual, expectRejection, type Law } from '../../src/runtime/ports/conformance.ts'
import { many, RunnerlessInfrastructureObject } from './workerd-object-bench.ts'

/** An object of a deployment that had no search yet: objects are updated after Workers. */
export class OlderInfrastructureObject extends RunnerlessInfrastructureObject {}
Object.defineProperty(OlderInfrastructureObject.prototype, 'findJobs', { value: undefined })

/** What says that this field is of a version that this one knows nothing of. */
const NEWER = { newer: { since: '9.0.0' } }
const HOUR_MS = 3_600_000

/** A Worker of one deployment with objects of another. */
export const deployLaws: readonly Law<DurableObjectNamespaceLike>[] = [
  {
    name: 'a method that an older object does not have yet is backend_unavailable, and all others go on',
    async run(older) {
      const { jobStore } = durableObjects(older, { prefix: `${crypto.randomUUID()}/` })
      const queue = jobStore.queue('q')
      await queue.add(many('n', 2))
      await expectRejection(
        () => queue.find({ state: 'ready' }),
        (error) =>
          error instanceof BackendError &&
          error.code === 'backend_unavailable' &&
          error.message.includes('earlier deployment'),
        'a BackendError that is worth another try',
      )
      expectEqual((await queue.list({ state: 'ready' })).jobs.length, 2)
    },
  },
  {
    name: 'fields that only a newer Worker knows are no reason to refuse what an object understands',
    async run(namespace) {
      // Each method takes and gives texts.
      const object = namespace.getByName(crypto.randomUUID()) as Readonly<
        Record<keyof RemoteMethods, (...texts: readonly string[]) => Promise<string>>
      >
      const ask = async (
        method: keyof RemoteMethods,
        ...args: readonly unknown[]
      ): Promise<unknown> => {
        const texts = args.map((arg) => (typeof arg === 'string' ? arg : JSON.stringify(arg)))
        return JSON.parse(await object[method](...texts))
      }
      const job = { name: 'work', data: { order: 1, ...NEWER }, id: 'j', options: NEWER, ...NEWER }
      const entry = { key: 'k', value: { mine: 1, ...NEWER }, ...NEWER }
      const limit = { algorithm: 'gcra', name: 'l', limit: 1, windowMs: 1000, ...NEWER }

      await ask('commitEntries', { set: [entry], ...NEWER })
      await ask('listEntries', { prefix: 'k', ...NEWER })
      expectEqual(
        ((await ask('getEntry', 'k')) as { readonly value: unknown }).value,
        entry.value,
        'the value, with what this version does not know',
      )
      await ask('addJobs', 'q', [job])
      const claim = { limit: 1, leaseMs: HOUR_MS, ...NEWER }
      const { claimed } = (await ask('exchangeJobs', 'q', { claim, ...NEWER })) as {
        readonly claimed: readonly {
          readonly id: string
          readonly token: number
          readonly data: unknown
          readonly options: unknown
        }[]
      }
      const [first] = claimed
      expectEqual([first?.data, first?.options], [job.data, job.options], 'what the job carries')
      const outcome = { to: 'completed', result: { done: true, ...NEWER }, ...NEWER }
      const settle = [{ id: first?.id, token: first?.token, outcome, ...NEWER }]
      expectEqual(
        ((await ask('exchangeJobs', 'q', { settle })) as { readonly settled: unknown }).settled,
        ['settled'],
      )
      await ask('listJobs', 'q', { state: 'completed', ...NEWER })
      await ask('commandJobs', 'q', { type: 'pause', ...NEWER })
      expectEqual(
        (
          (await ask('consumeRateLimits', 's', [limit], NEWER)) as readonly {
            readonly allowed: boolean
          }[]
        )[0]?.allowed,
        true,
      )
    },
  },
]
