import { callQuietly } from '../../../primitives/call-quietly.ts'
import { readThrown } from '../../../primitives/read-thrown.ts'

/**
 * Hears what went wrong where nobody else listens: a sentence, and what was thrown. What it throws
 * itself is ignored.
 */
export type Report = (message: string, cause: unknown) => unknown

/* oxlint-disable no-console -- the one place that prints, where nobody was given to listen */

/** Prints to the console's error output, with the stack. */
export const systemReport: Report = (message, cause) => {
  // The console asks what it prints for its properties, which may throw.
  callQuietly(
    () => console.error(`${message}:`, cause),
    () => console.error(`${message}: ${readThrown(cause).message}`),
  )
}
