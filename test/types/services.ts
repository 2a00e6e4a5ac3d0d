import {
  JobQueue,
  runServices,
  SagaOrchestrator,
  sweepServices,
  defineJob,
  saga,
} from '@white-cross/reuse/infrastructure/background-jobs'
import { configureInfrastructure } from '@white-cross/reuse/infrastructure'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import type { Service } from '@white-cross/reuse/infrastructure/runtime/ports'
import { createWebhooks } from '@white-cross/reuse/infrastructure/webhooks'
import { z } from 'zod'

const backend = memory()
const emails = new JobQueue({
  name: 'emails',
  backend,
  jobs: { send: defineJob({ input: z.object({ to: z.email() }), run: () => null }) },
})
const orders = new SagaOrchestrator({
  backend,
  saga: saga<{ readonly cents: number }>('order', 1)
    .step('charge', { execute: ({ input }) => input.cents })
    .build(),
})

// Any orchestrator is a SagaOrchestrator, as a parameter and in a list.
function sweepSagas(sagas: readonly SagaOrchestrator[]): Promise<unknown> {
  return Promise.all(sagas.map((one) => one.sweep()))
}
const sagas: SagaOrchestrator[] = [orders]
await sweepSagas(sagas)
await sweepSagas([orders])

// Whatever a service is made for, it goes into the list as it is.
const services: readonly Service[] = [emails, orders, createWebhooks({ backend })]
const infrastructure = configureInfrastructure({ backend, services: [emails, orders] })
await runServices([infrastructure], { signal: AbortSignal.abort() })
await sweepServices(services)

// A saga's own run still takes its input, and tells what its steps returned.
const outcome = await orders.run({ cents: 5 })
if (outcome.status === 'completed') outcome.results.charge.toFixed()
// @ts-expect-error the input is an order
await orders.run({ dollars: 5 })
// @ts-expect-error and is not left out
await orders.run()
// @ts-expect-error nor here
await orders.start()
await new SagaOrchestrator({ backend }).addStep({ execute: () => null }).run()
// @ts-expect-error a service has a name
export const nameless: Service = { processors: [] }
