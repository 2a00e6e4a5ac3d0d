import { isWorkers } from '../../../runtime/ports/platform/log-console.ts'

/**
 * Does one thing after the other, so that who waits for the last one has waited for all: a program
 * may end then. On Workers at once, where requests may not wait for one another's.
 *
 * @returns Takes work that never rejects
 */
export function createTurns(): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> | undefined
  return (work) => {
    const done = last === undefined || isWorkers() ? work() : last.then(work)
    last = done
    return done
  }
}
