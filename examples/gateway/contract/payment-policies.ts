import * as z from 'zod/mini'
import { operation, type Operation } from '../http/operation.ts'
import { lazily } from '../http/lazily.ts'
import { judgedByService, named } from './shapes.ts'

export const Money = lazily(() =>
  named('Money', z.object({ amount: z.string(), currency: z.string() }), {
    description:
      'A decimal text with the currency’s decimals: { "amount": "49.90", "currency": "EUR" }',
  }),
)
export const metadata = lazily(() => z.record(z.string(), z.string()))
export const operationId = lazily(() => ({
  operationId: z.optional(z.string()),
  provider: z.optional(z.string()),
}))

export const paymentsRead = { scope: 'payments:read' } as const
export const paymentsWrite = { scope: 'payments:write', audit: true } as const
export const refresh = lazily(() =>
  z.strictObject({ refresh: z.optional(z.enum(['true', 'false'])) }),
)

type Judged = z.ZodMiniType<Readonly<Record<string, unknown>>>

/** An act on what the path names. The operation id is the header `idempotency-key`, or in the body. */
export function actOnPayment(
  id: string,
  path: string,
  summary: string,
  shape: () => z.ZodMiniType,
  answer: () => z.ZodMiniType,
  method: 'POST' | 'PATCH' = 'POST',
): Operation<z.ZodMiniType<Readonly<Record<string, never>>>, Judged> {
  return operation({
    ...{ id, method, path, summary, policy: paymentsWrite },
    shapes: () => ({ body: judgedByService(shape()), answers: { 200: answer() } }),
  })
}

export const change = lazily(() => z.object(operationId()))
