import { CircuitBreaker } from '../../../src/runtime/coordination/circuit-breaker/circuit-breaker.ts'
import { createIdempotency } from '../../../src/runtime/coordination/idempotency/idempotency.ts'
import { DistributedLock } from '../../../src/runtime/coordination/locks/distributed-lock.ts'
import { Semaphore } from '../../../src/runtime/coordination/locks/semaphore.ts'
import { SagaOrchestrator } from '../../../src/runtime/coordination/sagas/saga-orchestrator.ts'
import { expectEqual, expectTrue, type Law } from '../../../src/runtime/ports/conformance.ts'
import { ODD_VALUES } from '../../support/odd-values.ts'
import { openFixture, type CoordinationHarness } from './fixture.ts'

/** What sagas, locks, idempotent calls and breakers promise whatever is thrown. */
export const oddErrorLaws: readonly Law<CoordinationHarness>[] = [
  {
    name: 'run() of a saga retries and compensates whatever its steps throw',
    async run(harness) {
      const fixture = await openFixture(harness)
      for (const [name, value] of ODD_VALUES) {
        const did: string[] = []
        const orders = new SagaOrchestrator({ ...fixture.process(), name: 'orders' })
          .addStep({
            name: 'reserve',
            execute: () => void did.push('reserve'),
            compensate: () => {
              did.push('release')
              // Once, so that the compensation is retried too.
              if (did.filter((step) => step === 'release').length === 1) throw value
            },
          })
          .addStep({
            name: 'charge',
            retry: { attempts: 2 },
            execute: () => {
              did.push('charge')
              throw value
            },
          })
        const outcome = await fixture.settle(orders.run(null))
        expectEqual(outcome.status, 'compensated', name)
        expectEqual(did, ['reserve', 'charge', 'charge', 'release', 'release'], name)
        const { cause } = (await orders.inspect(outcome.id)) ?? {}
        expectEqual(cause?.step, 'charge', name)
        expectTrue((cause?.error.message.length ?? 501) <= 500, `${name}: a message within bounds`)
      }
    },
  },
  {
    name: 'a saga behind its pivot is stuck, whatever its last step throws, and goes on after retry()',
    async run(harness) {
      const fixture = await openFixture(harness)
      for (const [name, value] of ODD_VALUES) {
        let broken = true
        const orders = new SagaOrchestrator({ ...fixture.process(), name: 'orders' })
          .addStep({ name: 'charge', pivot: true, execute: () => undefined })
          .addStep({
            name: 'ship',
            retry: { attempts: 1 },
            execute: () => {
              if (broken) throw value
            },
          })
        const { id, status } = await fixture.settle(orders.run(null))
        expectEqual(status, 'stuck', name)
        broken = false
        await orders.retry(id)
        expectEqual((await fixture.settle(orders.resume(id))).status, 'completed', name)
      }
    },
  },
  {
    name: 'locks, slots, idempotent calls and breakers hand on the very value that was thrown, and let go',
    async run(harness) {
      const fixture = await openFixture(harness)
      const process = fixture.process()
      const lock = new DistributedLock(process)
      const semaphore = new Semaphore({ ...process, limit: 1 })
      const idempotency = createIdempotency(process)
      for (const [name, value] of ODD_VALUES) {
        const breaker = new CircuitBreaker({ clock: fixture.clock, failureThreshold: 2 })
        const fail = (): never => {
          throw value
        }
        const calls = {
          withLock: () => lock.withLock('k', fail),
          withSlot: () => semaphore.withSlot('k', fail),
          run: () => idempotency.run('k', 'f', fail),
          execute: () => breaker.execute(fail),
        }
        for (const [call, act] of Object.entries(calls)) {
          for (let times = 0; times < 2; times++) {
            // Not `catch`, which would take a value of undefined for none.
            const thrown = await act().then(
              () => ({ none: true }),
              (error: unknown) => ({ error }),
            )
            expectTrue(
              'error' in thrown && Object.is(thrown.error, value),
              `${call} to throw ${name} itself`,
            )
          }
        }
        expectEqual(breaker.state(), 'open', name)
      }
    },
  },
]
