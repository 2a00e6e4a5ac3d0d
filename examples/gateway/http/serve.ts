import { BackendError, InfrastructureError } from '@white-cross/reuse/infrastructure/runtime/ports'
import { OpenError } from './open-error.ts'
import { ProblemError } from './problem.ts'
import type { Answer } from './route.ts'

/**
 * Answers with what a service gives. What it refuses as a wrong argument is the caller's to mend:
 * such messages name the option, and nothing of what was sent.
 */
export async function serve(act: () => Promise<Answer>): Promise<Answer> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError)
      throw new ProblemError(422, 'invalid_request', error.message.slice(0, 1000).toWellFormed())
    throw error
  }
}

/** As {@link serve}, for services whose errors, also those of 500 and more, hold nothing secret. */
export async function serveOpenly(act: () => Promise<Answer>): Promise<Answer> {
  try {
    return await serve(act)
  } catch (error) {
    const known: InfrastructureError | null = error instanceof InfrastructureError ? error : null
    if (known === null || known instanceof BackendError) throw error
    throw new OpenError(known)
  }
}
