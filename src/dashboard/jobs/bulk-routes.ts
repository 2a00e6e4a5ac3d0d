import { mayAct, type DashboardRole } from '../access/dashboard-user.ts'
import type { JobState } from '../../runtime/ports/job-store/job-state.ts'
import type { DashboardQueue } from '../dashboard-services.ts'
import type { Call } from '../http/call.ts'
import type { ActRoute } from '../http/route.ts'
import { formatNumber, plural } from '../html/format.ts'
import { html, nothing, type Html } from '../html/html.ts'
import { actButton, facts, pathTo, queryOf } from '../html/parts.ts'
import { findQueue } from './find-queue.ts'
import {
  readJobSearch,
  searchFacts,
  searchFields,
  searchWords,
  type JobSearch,
} from './job-search.ts'

type BulkAction = 'retry' | 'cancel' | 'promote' | 'remove'

interface BulkAct {
  readonly name: BulkAction
  readonly role: DashboardRole
  /** `Retry`. */
  readonly verb: string
  /** What becomes of each. */
  readonly fate: string
  /** `Removed`, before how many they are. */
  readonly said: string
  /** Of which jobs it can change something; where the search names no state, see `bulk()`. */
  readonly fits: readonly JobState[]
  readonly destructive?: boolean
}

const ACTS: readonly BulkAct[] = [
  {
    ...{ name: 'retry', role: 'operator', verb: 'Retry', said: 'To run again' },
    fate: 'Each gets all its attempts again and is run as soon as a worker is free. Where no state is asked for, these are the dead ones.',
    fits: ['dead', 'cancelled', 'parked', 'completed'],
  },
  {
    ...{ name: 'promote', role: 'operator', verb: 'Run now', said: 'Ready now' },
    fate: 'They wait no longer for their time, or for somebody to let them go on. Attempts stay as they are.',
    fits: ['scheduled', 'parked'],
  },
  {
    ...{
      name: 'cancel',
      role: 'operator',
      verb: 'Cancel',
      said: 'Called off, or asked to stop',
    },
    fate: 'Those that wait are called off at once; workers of those that run are asked to stop. They can be retried later.',
    fits: ['ready', 'active', 'scheduled', 'parked', 'held', 'blocked'],
    destructive: true,
  },
  {
    ...{ name: 'remove', role: 'admin', verb: 'Remove', said: 'Removed' },
    fate: 'Their records, data and results are deleted. This cannot be undone. Jobs that run are left alone.',
    fits: [
      ...(['ready', 'scheduled', 'completed', 'dead', 'cancelled'] as const),
      ...(['parked', 'held', 'blocked'] as const),
    ],
    destructive: true,
  },
]

/** Who asks waits for it: so many at once. */
const MOST_AT_ONCE = 10_000

/** One thing done to all the jobs that a search finds, once it is said how many they are. */
export function bulkRoutes(): readonly ActRoute[] {
  return ACTS.map((act) => bulkRoute(act))
}

function bulkRoute({ name, role, verb, fate, said, destructive = false }: BulkAct): ActRoute {
  const searchOf = (call: Call): JobSearch => readJobSearch(call.field, call)
  return {
    ...{ method: 'POST', path: `/jobs/:queue/all/${name}`, role, act: `jobs.${name}-all` },
    target: (call) => `queue/${call.param('queue')}/${searchWords(searchOf(call))}`,
    async ask(call) {
      const queue = findQueue(call)
      const search = searchOf(call)
      const { count, complete } = await queue.count({
        ...{ ...search, action: name, limit: MOST_AT_ONCE },
      })
      const many = plural(count, 'job')
      return {
        title: `${verb} ${complete ? '' : 'more than '}${many}?`,
        body: html`${facts([['Queue', queue.name], ...searchFacts(search, call)])}
          <p>${fate}</p>
          ${
            complete
              ? nothing
              : html`<p class="advice">
                  There are more than are counted: up to ${formatNumber(MOST_AT_ONCE)} are changed
                  now, the others when you ask again.
                </p>`
          }`,
        button: `${verb} ${complete ? many : 'them'}`,
        destructive,
      }
    },
    done: (count) =>
      count === 0
        ? 'Nothing was changed: no job matches any more.'
        : `${said}: ${plural(count, 'job')}.`,
    async handle(call) {
      const queue = findQueue(call)
      const { changed } = await queue.bulk(name, searchOf(call), { limit: MOST_AT_ONCE })
      const place = pathTo({ ...call.view, basePath: '' }, 'jobs', queue.name)
      return { to: place + queryOf(searchFields(call.field)), count: changed }
    },
  }
}

/** Buttons for all that a search finds; none for whoever only reads. */
export function bulkButtons(call: Call, queue: DashboardQueue, { state }: JobSearch): Html {
  const here = pathTo(call.view, 'jobs', queue.name, 'all')
  const fields = searchFields((name) => call.query(name))
  return html`<div class="actions">
    ${ACTS.filter(
      ({ role, fits }) =>
        mayAct(call.user.role, role) && (state === undefined || fits.includes(state)),
    ).map(({ name, verb }) =>
      actButton(call, {
        ...{ path: `${here}/${name}`, label: `${verb} all matching`, fields },
        ...(name === 'remove' && { tone: 'danger' as const }),
      }),
    )}
  </div>`
}
