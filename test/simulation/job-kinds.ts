import { defineJob, UnrecoverableError } from '../../src/services/background-jobs/index.ts'
import type { JobDefinitions } from '../../src/services/background-jobs/index.ts'
import type { UnreliableProcess } from './unreliable-process.ts'

/** The handlers of one process: each returns the token of its attempt, so that the record tells whose outcome was taken. */
export function createJobKinds({ wait }: Pick<UnreliableProcess, 'wait'>) {
  return {
    quick: defineJob({ run: ({ token }) => ({ token }) }),
    flaky: defineJob({
      run: ({ token, attempt }) => {
        if (attempt === 1) throw new Error('not yet')
        return { token }
      },
    }),
    failing: defineJob({
      run: () => {
        throw new Error('never')
      },
    }),
    hopeless: defineJob({
      run: () => {
        throw new UnrecoverableError('never')
      },
    }),
    /** Longer than its lease, and stops when it is told. */
    long: defineJob({
      async run({ token }, { signal, progress }) {
        for (let part = 0; part < 5; part++) {
          progress({ part })
          await wait(5000)
          signal.throwIfAborted()
        }
        return { token }
      },
    }),
    /** Longer than its lease, and goes on whatever it is told. */
    deaf: defineJob({ run: ({ token }) => wait(18_000).then(() => ({ token })) }),
    single: defineJob({
      concurrency: { limit: 1, key: keyOf },
      run: ({ token }) => wait(2000).then(() => ({ token })),
    }),
    paired: defineJob({
      concurrency: { limit: 2, key: keyOf },
      run: ({ token }) => wait(700).then(() => ({ token })),
    }),
    /** Some workers do not know it yet. */
    fresh: defineJob({ run: ({ token }) => ({ token }) }),
    parent: defineJob({
      async run({ token }, { children }) {
        await children()
        return { token }
      },
    }),
  } satisfies JobDefinitions
}

function keyOf(data: unknown): string {
  return String(data)
}
