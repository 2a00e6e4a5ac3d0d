import type { Job, Queue } from '../../client/index.ts'
import type { Command } from '../command.ts'
import { forEachId } from '../for-each-id.ts'
import { listEntries } from '../list-entries.ts'
import { shownInstant } from '../printable.ts'

const STATES: readonly Job['state'][] = [
  ...(['ready', 'scheduled', 'active', 'completed', 'dead', 'cancelled'] as const),
  ...(['parked', 'held', 'blocked'] as const),
]
const ENDED = ['dead', 'cancelled', 'parked', 'completed'] as const
/** As many as the gateway takes in one request. */
const MOST_AT_ONCE = 1000

/** Jobs and their queues. */
export const JOB_COMMANDS: readonly Command[] = [
  {
    name: 'jobs queues',
    summary: 'List the queues, with how many jobs are in each state',
    args: [],
    options: [],
    async run({ client, output, signal }) {
      const { queues } = await client.jobs.queues.list({}, { signal })
      const count = (state: keyof Queue['counts']) => (queue: Queue) => queue.counts[state]
      await output.table<Queue>(
        {
          queue: ({ name }) => name,
          paused: ({ paused }) => (paused ? 'yes' : 'no'),
          ...Object.fromEntries(
            (['ready', 'scheduled', 'active', 'dead'] as const).map((s) => [s, count(s)]),
          ),
        },
        queues,
      )
      return true
    },
  },
  {
    name: 'jobs list',
    summary: 'List the jobs of a queue that are in one state',
    args: ['<queue>'],
    options: ['state', 'limit'],
    notes: [`State: ${STATES.join(', ')}; dead by default.`],
    async run(context) {
      const [queue = ''] = context.args
      const state = context.options.choice('state', STATES) ?? 'dead'
      return listEntries<unknown, Job>(
        context,
        {
          id: ({ id }) => id,
          name: ({ name }) => name,
          state: (job) => job.state,
          attempts: ({ attempt, maxAttempts }) => `${attempt} of ${maxAttempts}`,
          added: ({ addedAt }) => shownInstant(addedAt),
          'last error': ({ lastError }) => messageOf(lastError),
        },
        (limit) => context.client.jobs.list({ queue, state, limit }, { signal: context.signal }),
      )
    },
  },
  {
    name: 'jobs retry',
    summary: 'Give jobs that have ended all their attempts again',
    args: ['<queue>', '<id>...'],
    options: [],
    async run(context) {
      const [queue = '', ...ids] = context.args
      const { client, signal } = context
      return forEachId(context, ids, ['Retrying', 'jobs'], async (id) => {
        const { changed } = await client.jobs.retry({ queue, id }, { signal })
        const text = changed ? `${id}  will be run again` : `${id}  has not ended, left alone`
        return [{ id, changed }, text, changed]
      })
    },
  },
  {
    name: 'jobs redrive',
    summary: 'Give all the dead jobs of a queue their attempts again',
    args: ['<queue>'],
    options: ['state', 'limit'],
    notes: [
      `State: ${ENDED.join(', ')}; dead by default.`,
      'As many as there are when it begins, in steps of 1,000.',
    ],
    async run({ client, args: [queue = ''], options, output, signal, progress }) {
      const state = options.choice('state', ENDED) ?? 'dead'
      const most = options.integer('limit', 1, Number.MAX_SAFE_INTEGER) ?? Infinity
      const { counts } = await client.jobs.queues.get({ queue }, { signal })
      // Jobs may end again meanwhile: whoever went on until none is left might never stop.
      const total = Math.min(counts[state], most)
      const line = progress(`Redriving ${queue}`, 'jobs')
      let redriven = 0
      try {
        while (redriven < total) {
          await line.show(redriven, total)
          const limit = Math.min(total - redriven, MOST_AT_ONCE)
          const step = await client.jobs.queues.redrive({ queue, state, limit }, { signal })
          if (step.redriven === 0) break
          redriven += step.redriven
        }
      } catch (error) {
        await line.end()
        if (redriven > 0) await output.note(`${redriven} of ${total} jobs were redriven before:`)
        throw error
      }
      await line.end()
      await output.result({ queue, state, redriven }, `${redriven} jobs of ${queue} redriven`)
      return true
    },
  },
]

/** An error of a job, as its message alone. */
function messageOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'message' in error ? error.message : error
}
