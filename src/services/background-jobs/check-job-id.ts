import type { JobState } from '../../runtime/ports/job-store/job-state.ts'

/**
 * Checks what is to name a job of the queue. Text that no job can have as its id is taken: there is
 * no such job.
 *
 * @param action What cannot be done without it, as in `retry job`
 * @returns `id`
 * @throws TypeError when it is no text
 */
export function checkJobId(action: string, id: unknown): string {
  if (typeof id === 'string') return id
  throw new TypeError(`Cannot ${action}: its id is of type ${typeof id}, text expected`)
}

/** @throws RangeError when it is none of `states`, where nothing would be found */
export function checkJobState(action: string, state: unknown, states: readonly JobState[]): void {
  if (states.some((one) => one === state)) return
  const given = typeof state === 'string' ? JSON.stringify(state.slice(0, 40)) : typeof state
  throw new RangeError(`Cannot ${action}: state is ${given}, ${states.join(', ')} expected`)
}
