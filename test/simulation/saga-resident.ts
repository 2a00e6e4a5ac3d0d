import { SagaOrchestrator } from '../../src/runtime/coordination/index.ts'
import type { SagaContext } from '../../src/runtime/coordination/sagas/saga.ts'
import { createSeededRandom } from '../../src/testing/seeded-random.ts'
import { insist } from './insist.ts'
import type { Resident, ResidentParts } from './resident.ts'
import type { UnreliableProcess } from './unreliable-process.ts'

const STEPS = ['reserve', 'charge', 'ship'] as const
const ATTEMPTS = 40
/** Sagas of one world. */
const MOST = 6

/** What the outside world has seen of one saga; it refuses fences smaller than the greatest. */
interface SeenSaga {
  readonly fails: boolean
  fence: number
  readonly steps: string[]
  readonly keys: Map<string, string>
}

/** Orders of three steps, some of which fail for good and are undone. */
export function createSagaResident({ observer, chance, tell, object }: ResidentParts): Resident {
  const sagas = new Map<string, SeenSaga>()

  /** One effect outside, which takes its time and is refused to a driver that was overtaken. */
  async function effect(
    process: UnreliableProcess,
    step: string,
    { sagaId, fence, idempotencyKey }: SagaContext,
  ): Promise<void> {
    const saga = sagas.get(sagaId)
    if (saga === undefined) return object(`no step of ${sagaId}, which nobody started`)
    if (fence < saga.fence) throw new Error('overtaken')
    saga.fence = fence
    tell(`saga: ${sagaId} takes ${step} under ${fence}`)
    if (saga.steps.at(-1) !== step) saga.steps.push(step)
    const key = saga.keys.get(step) ?? idempotencyKey
    saga.keys.set(step, key)
    if (key !== idempotencyKey) object(`the key of ${step} of ${sagaId} to stay`)
    await process.wait(chance.pick([0, 20, 3000, 14_000]))
  }

  function orchestratorIn(process: UnreliableProcess, seed: number): SagaOrchestrator {
    const orders = new SagaOrchestrator({
      backend: process.backend,
      name: 'order',
      clock: process.clock,
      random: createSeededRandom(seed),
      report: () => undefined,
    })
    for (const name of STEPS)
      orders.addStep({
        name,
        retry: { attempts: ATTEMPTS },
        compensateRetry: { attempts: ATTEMPTS },
        async execute(context) {
          await effect(process, name, context)
          if (name === 'ship' && context.input === 'fails')
            throw Object.assign(new Error('sold out'), { retryable: false })
          if (chance.of(0.1)) throw new Error('not now')
        },
        compensate: (context) => effect(process, `undo ${name}`, context),
      })
    return orders
  }

  return {
    work(process, { seed, ...terms }) {
      void orchestratorIn(process, seed).run(terms)
    },
    async ask(client) {
      if (sagas.size === MOST) return
      const id = `saga-${sagas.size}`
      const fails = chance.of(0.4)
      sagas.set(id, { fails, fence: 0, steps: [], keys: new Map() })
      const orders = orchestratorIn(client, sagas.size)
      await insist(client, () => orders.start(fails ? 'fails' : 'well', { id }))
      tell(`saga: ${id} is started`)
    },
    stoodStill: () => undefined,
    async left() {
      const orders = orchestratorIn(observer, 1)
      let left = 0
      for (const id of sagas.keys()) {
        const status = (await orders.inspect(id))?.status
        if (status !== 'completed' && status !== 'compensated') left++
      }
      return left
    },
    async audit() {
      const orders = orchestratorIn(observer, 1)
      for (const [id, { fails, steps }] of sagas) {
        const status = (await orders.inspect(id))?.status
        const expected = fails ? 'compensated' : 'completed'
        if (status !== expected) object(`${id} to be ${expected}, not ${status}`)
        const undone = STEPS.toReversed().map((step) => `undo ${step}`)
        const order = [...STEPS, ...(fails ? undone : [])].join()
        if (steps.join() !== order) object(`${id} to take ${order}, not ${steps.join()}`)
        tell(`saga: ${id} is ${status}`)
      }
    },
  }
}
