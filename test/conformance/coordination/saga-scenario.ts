import type { SagaOrchestratorOptions } from '../../../src/runtime/coordination/sagas/saga-options.ts'
import { SagaError } from '../../../src/runtime/coordination/sagas/saga-error.ts'
import { SagaOrchestrator } from '../../../src/runtime/coordination/sagas/saga-orchestrator.ts'
import { saga, type SagaDefinition } from '../../../src/runtime/coordination/sagas/saga.ts'
import { expectTrue } from '../../../src/runtime/ports/conformance.ts'
import type { Json } from '../../../src/runtime/ports/json.ts'
import type { Process, Fixture } from './fixture.ts'

/** How long after a crash another driver may go on. */
export const LEASE_MS = 30_000

/** One call of a step or of its compensation, as the other side sees it. */
export interface Effect {
  readonly call: string
  readonly key: string
  readonly fence: number
  readonly attempt: number
  readonly given: Json
}

/** The other side: notes each effect, and fails as often as told. */
export interface Outside {
  readonly effects: Effect[]
  /** Calls that fail, by name, with how often: Infinity for always. */
  readonly failures: Map<string, number>
}

/** The saga of most laws: two steps that can be undone, the second the pivot, and two that only go forward. */
export function checkout(outside: Outside) {
  const backoff = { delay: 1000, maxDelay: 2000, jitter: 0 }
  return saga<{ readonly order: number }>('checkout', 1)
    .step('reserve', {
      retry: { backoff },
      compensateRetry: { backoff },
      execute: (context) => act(outside, 'reserve', context),
      compensate: (context) => undo(outside, 'reserve', context),
    })
    .pivot('charge', {
      retry: { backoff },
      compensateRetry: { backoff },
      execute: (context) => act(outside, 'charge', context),
      compensate: (context) => undo(outside, 'charge', context),
    })
    .step('ship', { retry: { backoff }, execute: (context) => act(outside, 'ship', context) })
    .step('tell', { execute: (context) => note(outside, 'tell', context) })
    .build()
}

export function expectGrowingFences({ effects }: Outside): void {
  const fences = effects.map(({ fence }) => fence)
  for (const [index, fence] of fences.entries())
    expectTrue(
      index === 0 || fence > (fences[index - 1] ?? 0),
      `fences ${fences.join(', ')} to grow`,
    )
}

export function open<Input extends Json, Results>(
  process: Process,
  definition: SagaDefinition<Input, Results>,
  fixture?: Fixture,
): SagaOrchestrator<Input, Results> {
  const options: SagaOrchestratorOptions<Input, Results> = {
    ...process,
    backend: {
      store: process.backend.store,
      ...(fixture !== undefined && { jobStore: fixture.backend.jobStore }),
    },
    saga: definition,
    lease: LEASE_MS,
  }
  return new SagaOrchestrator(options)
}

export function openOutside(failures: Readonly<Record<string, number>> = {}): Outside {
  return { effects: [], failures: new Map(Object.entries(failures)) }
}

interface StepContext {
  readonly idempotencyKey: string
  readonly fence: number
  readonly attempt: number
}

export function note(
  outside: Outside,
  call: string,
  context?: StepContext,
  given: Json = null,
): void {
  const { idempotencyKey: key = '', fence = 0, attempt = 0 } = context ?? {}
  outside.effects.push({ call, key, fence, attempt, given })
  const left = outside.failures.get(call) ?? 0
  if (left <= 0) return
  outside.failures.set(call, left - 1)
  throw new Error(`${call} failed`)
}

async function act(
  outside: Outside,
  call: string,
  context: StepContext & { readonly input: { readonly order: number }; readonly results: unknown },
): Promise<string> {
  note(outside, call, context, (context.results ?? null) as Json)
  return `${call} of ${context.input.order}`
}

export function undo(
  outside: Outside,
  call = '',
  context?: StepContext & { readonly result: string | undefined },
): void {
  note(outside, `undo ${call}`.trim(), context, context?.result ?? 'nothing known')
}

export function calls({ effects }: Outside): string[] {
  return effects.map(({ call }) => call)
}

export function hasCode(error: unknown, code: SagaError['code']): boolean {
  return error instanceof SagaError && error.code === code
}
