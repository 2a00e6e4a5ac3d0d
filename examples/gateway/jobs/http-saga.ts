import { SagaOrchestrator } from '@white-cross/reuse/infrastructure/background-jobs'
import type { Json } from '@white-cross/reuse/infrastructure/runtime/ports'
import * as z from 'zod/mini'
import { DEFAULT_TENANT } from '../access/caller.ts'
import type { GatewaySaga } from '../tenants/tenant-services.ts'
import type { QueuesOptions } from './queues.ts'
import { sendSigned } from './send-signed.ts'

const Request = z.strictObject({
  url: z.string().check(z.maxLength(4000)),
  payload: z.optional(z.custom<Json>()),
})

/** What an `http` saga is told to do: up to ten steps, each of which may be undone. */
const Steps = z.strictObject({
  steps: z
    .array(z.strictObject({ execute: Request, compensate: z.optional(Request) }))
    .check(z.minLength(1), z.maxLength(10)),
})

type Step = z.output<typeof Steps>['steps'][number]

const MOST_STEPS = 10

/**
 * The sagas of a tenant: `http` makes signed requests in order, and when one fails for good those
 * that undo the ones before, in reverse. Sagas of your own go here.
 */
export function createSagas(
  options: Omit<QueuesOptions, 'notifications' | 'metrics' | 'tracing'>,
): readonly GatewaySaga[] {
  const { backend, clock, random, sender } = options
  const tenant = options.tenant ?? DEFAULT_TENANT
  const saga = new SagaOrchestrator({ backend, name: 'http', clock, random })

  async function send(
    request: Step['execute'] | undefined,
    context: { readonly idempotencyKey: string; readonly signal: AbortSignal },
  ): Promise<Json> {
    if (request === undefined) return null
    const { url, payload = null } = request
    const { idempotencyKey: id, signal } = context
    return sendSigned(sender, tenant, { url, payload, id, signal })
  }

  for (let index = 0; index < MOST_STEPS; index++)
    saga.addStep({
      name: `step-${index + 1}`,
      execute: (context) => send(stepsIn(context.input)[index]?.execute, context),
      compensate: (context) => send(stepsIn(context.input)[index]?.compensate, context),
    })
  return [{ orchestrator: saga, input: Steps }]
}

/** Whoever starts a saga has had its input checked. */
function stepsIn(input: Json): readonly Step[] {
  return z.parse(Steps, input).steps
}
