import { BackendError } from '../../../runtime/ports/backend-error.ts'
import type { JobOutcome } from '../../../runtime/ports/job-store/job-outcome.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { WebhookError } from '../webhook-error.ts'

const WAIT_MS = 2000

/**
 * Puts a job off when the backend could not serve it: that is no fault of the job, and must never
 * make it dead. Every other error is a bug and rejects.
 */
export async function deferOnBackendError(
  work: () => Promise<JobOutcome>,
  random: RandomSource,
): Promise<JobOutcome> {
  try {
    return await work()
  } catch (error) {
    const transient =
      error instanceof BackendError || (error instanceof WebhookError && error.code === 'contended')
    if (!transient) throw error
    return {
      to: 'scheduled',
      delayMs: Math.round(WAIT_MS * (1 + random.fraction())),
      refund: true,
      error: { code: error.code, message: error.message },
    }
  }
}
