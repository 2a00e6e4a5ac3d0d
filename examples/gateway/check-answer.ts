import type { PlainAnswer } from './http/answer-once.ts'
import type { Operation } from './http/operation.ts'

/**
 * Compares an answer with what its operation says, for tests.
 *
 * @throws Error when the operation says nothing of its status, or something else of its body
 */
export function checkAnswer({ id, answers }: Operation, { status, body }: PlainAnswer): void {
  const shape = answers[status]
  if (shape === undefined)
    throw new Error(`${id} answers ${status}, which its operation does not say`)
  if (shape === null || typeof shape === 'string') {
    if (shape === null && body !== undefined) throw new Error(`${id} has a body with ${status}`)
    return
  }
  // As a client reads it.
  const result = shape.safeParse(asSent(body))
  if (result.success) return
  const [issue] = result.error.issues
  throw new Error(`${id} answers other than it says: ${issue?.path.join('.')} ${issue?.message}`)
}

function asSent(body: unknown): unknown {
  const text = JSON.stringify(body ?? null)
  return JSON.parse(text) as unknown
}
