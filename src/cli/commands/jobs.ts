import type { Job, Queue } from '../../client/index.ts'
import type { Command } from '../command.ts'
import { UsageError } from '../usage-error.ts'
import type { GivenOptions } from '../given-options.ts'
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

const ACTIONS = ['retry', 'cancel', 'promote', 'remove'] as const
/** What says which jobs are meant. */
const SEARCH = ['state', 'tag', 'name', 'id-prefix', 'since', 'until'] as const

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
    summary: 'List the jobs of a queue that fit: of one state, one tag, one kind',
    args: ['<queue>'],
    options: [...SEARCH, 'limit'],
    notes: [`State: ${STATES.join(', ')}; dead by default, any where something else is given.`],
    async run(context) {
      const [queue = ''] = context.args
      const asked = searchOf(context.options)
      const search = Object.keys(asked).length === 0 ? { state: 'dead' as const } : asked
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
        (limit) =>
          context.client.jobs.list({ queue, ...search, limit }, { signal: context.signal }),
      )
    },
  },
  {
    name: 'jobs count',
    summary: 'Count the jobs of a queue that fit, before something is done to them',
    args: ['<queue>', '[action]'],
    options: SEARCH,
    notes: [`With an action only those that it would change: ${ACTIONS.join(', ')}.`],
    async run({ client, args: [queue = '', given], options, output, signal }) {
      const action = given === undefined ? undefined : actionOf(given)
      const found = await client.jobs.count(
        { queue, ...searchOf(options), ...(action !== undefined && { action }) },
        { signal },
      )
      const text = `${found.complete ? '' : 'at least '}${found.count} jobs of ${queue}`
      await output.result({ queue, ...found }, text)
      return true
    },
  },
  {
    name: 'jobs bulk',
    summary: 'Do one thing to all the jobs of a queue that fit',
    args: ['<queue>', '<action>'],
    options: [...SEARCH, 'limit'],
    notes: [
      `Action: ${ACTIONS.join(', ')}; jobs count says first how many it would change.`,
      'Where no state is given, retry takes dead jobs alone.',
    ],
    async run({ client, args: [queue = '', given = ''], options, output, signal, progress }) {
      const action = actionOf(given)
      const search = searchOf(options)
      if (Object.keys(search).length === 0)
        throw new UsageError(
          `Cannot ${action} jobs: nothing says which, one of ${SEARCH.map((name) => `--${name}`).join(', ')} expected`,
        )
      const most = options.integer('limit', 1, Number.MAX_SAFE_INTEGER) ?? Infinity
      const found = await client.jobs.count({ queue, ...search, action }, { signal })
      const total = Math.min(found.count, most)
      // Jobs may come to fit again meanwhile: whoever went on until none does might never stop.
      const last = found.complete ? total : most
      const line = progress(`Changing ${queue}`, 'jobs')
      let [changed, matched] = [0, 0]
      let cursor: string | null = null
      try {
        while (matched < last) {
          await line.show(Math.min(matched, total), total)
          const limit = Math.min(last - matched, MOST_AT_ONCE)
          const step: Awaited<ReturnType<typeof client.jobs.bulk>> = await client.jobs.bulk(
            { queue, ...search, action, limit, ...(cursor !== null && { cursor }) },
            { signal },
          )
          changed += step.changed
          matched += step.matched
          cursor = step.cursor
          if (cursor === null) break
        }
      } catch (error) {
        await line.end()
        if (changed > 0) await output.note(`${changed} jobs were changed before:`)
        throw error
      }
      await line.end()
      await output.result({ queue, action, changed }, `${changed} jobs of ${queue} changed`)
      return true
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

function actionOf(given: string): (typeof ACTIONS)[number] {
  const found = ACTIONS.find((action) => action === given)
  if (found !== undefined) return found
  throw new UsageError(`Cannot use the action: one of ${ACTIONS.join(', ')} expected`)
}

interface Search {
  readonly state?: Job['state']
  readonly tag?: string
  readonly name?: string
  readonly idPrefix?: string
  readonly since?: number
  readonly until?: number
}

function searchOf(options: GivenOptions): Search {
  const given = {
    state: options.choice('state', STATES),
    tag: options.text('tag'),
    name: options.text('name'),
    idPrefix: options.text('id-prefix'),
    since: options.instant('since'),
    until: options.instant('until'),
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

/** An error of a job, as its message alone. */
function messageOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'message' in error ? error.message : error
}
