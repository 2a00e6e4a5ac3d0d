import type { JobCommand } from '../../src/runtime/ports/job-store/job-store.ts'
import type { JobFlow } from '../../src/services/background-jobs/job-flow.ts'
import type { JobToAdd } from '../../src/services/background-jobs/index.ts'
import type { Chance } from './chance.ts'
import type { createJobKinds } from './job-kinds.ts'
import type { KnownJob } from './known-job.ts'

type Kinds = ReturnType<typeof createJobKinds>

/** What the client of a world adds and its operator asks for. */
export interface JobMix {
  job(): JobToAdd<Kinds>
  flow(): JobFlow<Kinds>
  /** One that names a job, if there is one. */
  command(jobs: ReadonlyMap<string, KnownJob>): JobCommand | null
}

export function createJobMix(chance: Chance): JobMix {
  let serial = 0

  const newOptions = () =>
    ({
      jobId: `j${++serial}`,
      attempts: chance.pick([1, 2, 3, 5]),
      priority: chance.pick([0, 100, 100]),
      lifo: chance.of(0.1),
      delay: chance.pick([0, 0, 0, 800, 7000, 45_000]),
      backoff: { type: 'exponential', delay: chance.pick([0, 500, 4000]) },
    }) as const

  function flowOf(depth: number): JobFlow<Kinds> {
    const common = {
      data: chance.pick(['a', 'b']),
      options: newOptions(),
      onFailure: chance.pick(['fail', 'ignore'] as const),
    }
    if (depth === 0)
      return {
        ...common,
        name: chance.pick(['quick', 'quick', 'flaky', 'failing', 'single', 'paired', 'fresh']),
      }
    const children = Array.from({ length: chance.between(1, 3) }, () =>
      flowOf(chance.of(0.2) ? depth - 1 : 0),
    )
    return { ...common, name: 'parent', children }
  }

  return {
    job() {
      const name = chance.pick([
        'quick',
        'quick',
        'flaky',
        'failing',
        'hopeless',
        'long',
        'deaf',
        'single',
        'single',
        'paired',
        'fresh',
      ])
      const data = chance.pick(['a', 'b'])
      const { jobId, ...options } = newOptions()
      if (!chance.of(0.2)) return { name, data, options: { ...options, jobId } }
      return { name, data, options: { ...options, deduplication: { id: chance.pick(['d', 'e']) } } }
    },
    flow: () => flowOf(chance.pick([1, 1, 2])),
    command(jobs) {
      const type = chance.pick([
        'pause',
        'resume',
        'resume',
        'retry',
        'retry',
        'cancel',
        'cancel',
        'remove',
        'promote',
      ])
      if (type === 'pause' || type === 'resume') return { type }
      // Mostly one that goes on: most of all jobs have ended.
      const going = [...jobs.values()].filter(({ ended }) => ended === null)
      const among = type !== 'retry' && chance.of(0.8) ? going : [...jobs.values()]
      const id = among[chance.between(0, among.length - 1)]?.id
      return id === undefined ? null : { type, ids: [id] }
    },
  }
}
