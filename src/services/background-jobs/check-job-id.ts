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
