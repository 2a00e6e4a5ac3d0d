import { encodeHex } from '../../../primitives/hex.ts'
import {
  JOB_LIMITS,
  checkCommand,
  checkExchange,
  checkQueueName,
  encodeChildren,
  encodeJson,
  encodeJobs,
  type EncodedJob,
} from '../../ports/job-store/job-limits.ts'
import type {
  AddedJobId,
  ClaimedJob,
  ExchangeResult,
  FinishedChild,
  JobCommand,
  JobStore,
  JobPage,
  ListJobsOptions,
  QueueCounts,
  QueueStore,
} from '../../ports/job-store/job-store.ts'
import { isFinished, JOB_STATES, RECORD_UNREADABLE_ERROR } from '../../ports/job-store/job-state.ts'
import {
  checkSearch,
  placeOfTagCursor,
  statesOf,
  tagCursorOf,
} from '../../ports/job-store/job-search.ts'
import { checkGroupKey } from '../../ports/job-store/group-control.ts'
import {
  checkEventLimit,
  numberOfCursor,
  type QueueEventPage,
} from '../../ports/job-store/queue-event.ts'
import { createLateShardedQueue } from '../../ports/job-store/sharding/late-sharded-queue.ts'
import type { Clock } from '../../ports/platform/clock.ts'
import type { RandomSource } from '../../ports/platform/random-source.ts'
import { addJobsScript } from './add-jobs-script.ts'
import type { RedisClient } from './client.ts'
import { commandJobsScript } from './command-jobs-script.ts'
import { exchangeJobsScript } from './exchange-jobs-script.ts'
import {
  decodeChild,
  decodeClaimedJob,
  decodeJobRecord,
  decodeQueueEvent,
  encodeTag,
  readOr,
  encodeExtension,
  encodeNewJobs,
  encodeSettlement,
  fromField,
  toField,
  toFlag,
  type NewJobPosition,
} from './job-codec.ts'
import { QUEUE_PARTS, STATE_LETTERS } from './job-layout.ts'
import type { Channels } from './channels.ts'
import { createEndsFeed, WATCH_MS } from './ends-feed.ts'
import { channelOf, endsChannelOf, type KeysOf } from './keys.ts'
import {
  countJobsScript,
  getGroupScript,
  getJobScript,
  listEventsScript,
  listChildrenScript,
  listJobsScript,
  oldestReadyScript,
  searchJobsScript,
} from './read-jobs-scripts.ts'
import type { RedisScript } from './script.ts'
import { watchEndsScript } from './watch-ends-script.ts'

const ID_BYTES = 13
const MADE_ID = /^[0-9a-f]{26}$/
const CHILD_PARTS = 2
const CLAIMED_PARTS = 4
const RECORD_PARTS = 8

/**
 * Creates a {@link JobStore} on Redis: a queue is a fixed set of keys on one cluster slot, or
 * `shardCount` of them, `<queue>#<n>` each after the first. All are woken for as the one queue.
 *
 * @param offset Moves the server's clock, in ms
 * @param heard Where other processes can be heard
 */
export function createRedisJobStore(
  client: RedisClient,
  keysOf: KeysOf,
  random: RandomSource,
  offset: () => number,
  heard: HeardProcesses | null,
  shardCount: number,
): JobStore {
  const origin = heard?.origin ?? ''
  return {
    queue(name) {
      checkQueueName(name)
      const channel = channelOf(keysOf, name)
      const shards = Array.from({ length: shardCount }, (_, shard) => {
        const own = shard === 0 ? name : `${name}#${shard}`
        const keys = keysOf('queue', own, QUEUE_PARTS)
        const run: Run = (script, args) =>
          client.run(script, keys, [`${offset()} ${channel} ${origin}`, ...args])
        const queue = { ...createQueue(random, run), overlaps: client.keepsOrder }
        if (heard === null) return queue
        const watch = (): Promise<unknown> => run(watchEndsScript, [String(WATCH_MS)])
        const onEnds = createEndsFeed({ ...heard, channel: endsChannelOf(keysOf, own), watch })
        return { ...queue, onEnds }
      })
      const [only] = shards
      if (only !== undefined && shardCount === 1) return only
      return createLateShardedQueue(shards, (id) => MADE_ID.test(id), random.fraction)
    },
  }
}

/** How a process hears what others do with the same queues. */
export interface HeardProcesses {
  readonly channels: Channels
  /**
   * Stands in the wakes of what this job store changes, so that its own process does not hear them
   * twice.
   */
  readonly origin: string
  readonly clock: Clock
}

type Run = (script: RedisScript, args: readonly string[]) => Promise<readonly string[]>

function createQueue(random: RandomSource, run: Run): QueueStore {
  return {
    async add(given) {
      const jobs = encodeJobs(given)
      const positions = positionsOf(jobs, random)
      const [wake = '', ...fates] = await run(addJobsScript, encodeNewJobs(jobs, positions))
      return {
        jobs: jobs.map((job, index) =>
          addedOf(job, positions[index]?.id ?? '', fates[index] ?? '+'),
        ),
        wakeInMs: decodeWake(wake),
      }
    },

    async exchange(request): Promise<ExchangeResult> {
      checkExchange(request)
      const settle = (request.settle ?? []).flatMap(encodeSettlement)
      const extend = (request.extend ?? []).flatMap(encodeExtension)
      const children = (request.settle ?? []).flatMap(({ outcome }) => {
        if (outcome.to !== 'blocked') return []
        const jobs = encodeChildren(outcome.children)
        return encodeNewJobs(jobs, positionsOf(jobs, random))
      })
      const { limit = 0, leaseMs = 0 } = request.claim ?? {}
      const settlesEnd = 5 + settle.length
      const extendsEnd = settlesEnd + extend.length
      const [settled = '', extended = '', wake = '', ...claimed] = await run(exchangeJobsScript, [
        ...[settlesEnd, extendsEnd, limit, leaseMs].map(String),
        ...settle,
        ...extend,
        ...children,
      ])
      return {
        settled: Array.from(settled.slice(1), (fate) => (fate === 's' ? 'settled' : 'lost')),
        extended: Array.from(extended.slice(1), (fate) =>
          fate === 'e' ? 'extended' : fate === 'c' ? 'cancelled' : 'lost',
        ),
        claimed: await readableOf(inGroups(claimed, CLAIMED_PARTS), run),
        wakeInMs: decodeWake(wake),
      }
    },

    async get(id) {
      const parts = await run(getJobScript, [toField(id)])
      return parts.length === 0 ? null : decodeJobRecord([toField(id), ...parts])
    },

    async list(options): Promise<JobPage> {
      const isPlain = checkSearch(options)
      const { state, cursor, limit = 100 } = options
      if (!isPlain || state === undefined) {
        const page = await searchJobs(run, options, true)
        return {
          jobs: inGroups(page.found, RECORD_PARTS).map((parts) => decodeJobRecord(parts, state)),
          cursor: page.cursor,
        }
      }
      const [rank, seq] = decodeCursor(cursor)
      const [next = '', ...found] = await run(listJobsScript, [
        STATE_LETTERS[state],
        String(limit),
        isFinished(state) ? '1' : '0',
        rank,
        seq,
      ])
      return {
        jobs: inGroups(found, RECORD_PARTS).map((parts) => decodeJobRecord(parts, state)),
        cursor: next === '' ? null : next,
      }
    },

    async find(options) {
      checkSearch(options)
      const { found, cursor } = await searchJobs(run, options, false)
      return { ids: found.map(fromField), cursor }
    },

    async children(id) {
      const children: FinishedChild[] = []
      for (let from = '1'; from !== '';) {
        const [next = '', ...found] = await run(listChildrenScript, [toField(id), from])
        children.push(...inGroups(found, CHILD_PARTS).map(decodeChild))
        from = next.slice(1)
      }
      return children
    },

    async oldestReady(): Promise<number | null> {
      const [text = '='] = await run(oldestReadyScript, [String(JOB_LIMITS.lines)])
      return text === '=' ? null : Number(text.slice(1))
    },

    async counts(): Promise<QueueCounts> {
      const [text = ''] = await run(countJobsScript, [])
      const numbers = text.slice(1).split(' ').map(Number)
      const counts = JOB_STATES.map((state, index) => [state, numbers[index] ?? 0])
      // Every state is there, each with a number.
      return { ...Object.fromEntries(counts), paused: numbers.at(-1) === 1 } as QueueCounts
    },

    async command(given) {
      const command = checkCommand(given)
      return decodeCount(await run(commandJobsScript, [verbOf(command), ...argumentsOf(command)]))
    },

    async group(key) {
      checkGroupKey(key)
      const [admitted = '', paused = '', limit = '', held = ''] = await run(getGroupScript, [
        encodeURIComponent(key),
      ])
      return {
        paused: paused === '=1',
        limit: limit === '=-' ? null : Number(limit.slice(1)),
        admitted: Number(admitted.slice(1)),
        held: Number(held.slice(1)),
      }
    },

    async events({ after, limit = 100 } = {}): Promise<QueueEventPage> {
      const number = numberOfCursor(after)
      checkEventLimit(limit)
      const [keep = '', first = '', missed, latest = '', ...found] = await run(listEventsScript, [
        number === null ? '' : String(number),
        String(limit),
      ])
      const from = Number(first.slice(1))
      return {
        recording: keep !== '=0',
        events: found.map((text, index) => decodeQueueEvent(text, String(from + index))),
        missed: missed === '=1',
        cursor: String(from + found.length - 1),
        latest: latest.slice(1),
      }
    },
  }
}

/** @returns Ids, or what `decodeJobRecord` reads of each job */
async function searchJobs(
  run: Run,
  options: ListJobsOptions,
  whole: boolean,
): Promise<{ readonly found: readonly string[]; readonly cursor: string | null }> {
  const { tag, name, idPrefix, since, until, limit = 100 } = options
  const key = tag === undefined ? null : encodeTag(tag)
  const { states, cursor, cursorIn } = key === null ? statesOf(options) : ofTag(options)
  const behind = key === null ? decodeCursor(cursor) : [memberOf(key, options.cursor), '']
  const [next = '', ...found] = await run(searchJobsScript, [
    toFlag(whole),
    String(limit),
    states.map((state) => STATE_LETTERS[state]).join(''),
    states
      .filter(isFinished)
      .map((state) => STATE_LETTERS[state])
      .join(''),
    key ?? '',
    name === undefined ? '' : JSON.stringify(name),
    idPrefix === undefined ? '' : toField(idPrefix),
    since?.toString() ?? '',
    until?.toString() ?? '',
    ...behind,
  ])
  if (next === '') return { found, cursor: null }
  if (key !== null) return { found, cursor: cursorOfMember(key, next) }
  const state = states.find((one) => STATE_LETTERS[one] === next.charAt(0)) ?? 'ready'
  return { found, cursor: cursorIn(state, next.slice(1)) }
}

/** A search by tag goes through what the tag has, in whatever state. */
function ofTag({ cursor: _cursor, ...filter }: ListJobsOptions): ReturnType<typeof statesOf> {
  return statesOf(filter)
}

/** The member of `tags` behind which a search goes on. */
function memberOf(tag: string, cursor: string | undefined): string {
  const place = placeOfTagCursor(cursor)
  if (place === null) return ''
  return `${tag} ${String(place.addedAt).padStart(16, '0')}${toField(place.id)}`
}

function cursorOfMember(tag: string, member: string): string {
  const addedAt = member.slice(tag.length + 1, tag.length + 17)
  return tagCursorOf({ addedAt: Number(addedAt), id: fromField(member.slice(tag.length + 17)) })
}

/**
 * The claimed jobs whose payload is JSON. The others are parked, in one step: what cannot be given
 * to a worker is never in the way of those behind it.
 */
async function readableOf(
  claimed: readonly (readonly string[])[],
  run: Run,
): Promise<readonly ClaimedJob[]> {
  const read = claimed.map((parts) => readOr(() => decodeClaimedJob(parts), nothing))
  const broken = claimed.filter((_, index) => read[index] === null)
  if (broken.length > 0) {
    const settlements = broken.flatMap(([id = '', facts = '']) => {
      const token = Number(facts.split(' ')[2])
      const outcome = { to: 'parked', error: RECORD_UNREADABLE_ERROR } as const
      return encodeSettlement({ id: fromField(id), token, outcome })
    })
    const end = String(5 + settlements.length)
    await run(exchangeJobsScript, [end, end, '0', '0', ...settlements])
  }
  return read.filter((job) => job !== null)
}

function nothing(): null {
  return null
}

function verbOf(command: JobCommand): string {
  return command.type === 'promote' && command.anew === true ? 'promote-anew' : command.type
}

function argumentsOf(command: JobCommand): readonly string[] {
  if (command.type === 'pause' || command.type === 'resume') return []
  if (command.type === 'group') {
    const { key, paused, limit } = command
    return [
      encodeURIComponent(key),
      paused === undefined ? '' : toFlag(paused),
      limit === undefined ? '' : (limit?.toString() ?? '-'),
    ]
  }
  if (command.type === 'groups')
    return [encodeURIComponent(command.prefix), command.limit?.toString() ?? '-']
  if (command.type === 'record') return [String(command.keep)]
  if (command.type === 'purge') return [STATE_LETTERS[command.state], String(command.limit)]
  const ids = command.ids.map(toField)
  if (command.type !== 'change') return ids
  const { data, delayMs = '', priority = '' } = command
  return [data === undefined ? '' : encodeJson('data', data), `${delayMs}`, `${priority}`, ...ids]
}

/** @param fate What `addJobsScript` answers of the job that was to be added as `id` */
function addedOf(job: EncodedJob, id: string, fate: string): AddedJobId {
  if (fate === '-') return { id: job.id ?? job.parent ?? '', added: false }
  const replaced = fate.startsWith('*')
  const holder = replaced ? fate.slice(1) : fate
  // An id of our own making can only be there because a client sent the command again.
  if (holder === '+' || (job.id === null && holder === toField(id))) return { id, added: true }
  return { id: fromField(holder), added: false, ...(replaced && { replaced }) }
}

/** Gives jobs their ids, and says which of them others of the batch name as their parent. */
function positionsOf(jobs: readonly EncodedJob[], random: RandomSource): readonly NewJobPosition[] {
  const parents = new Set(jobs.map(({ parent }) => parent))
  return jobs.map(({ id, deduplicationKeepLast }) => {
    const made = id === null || deduplicationKeepLast ? makeId(random) : ''
    return { id: id ?? made, spareId: made, isParent: id !== null && parents.has(id) }
  })
}

function makeId(random: RandomSource): string {
  return encodeHex(random.bytes(ID_BYTES))
}

function decodeCount([count = '']: readonly string[]): number {
  return Number(count.slice(1))
}

/** @throws RangeError when `cursor` is none that `list` gave */
function decodeCursor(cursor: string | undefined): readonly [string, string] {
  if (cursor === undefined) return ['', '']
  const [, rank, seq] = /^(\d{1,16}):(\d{16})$/.exec(cursor) ?? []
  if (rank !== undefined && seq !== undefined) return [rank, seq]
  throw new RangeError('Cannot list jobs: the cursor is not one of a page before')
}

function decodeWake(wake: string): number | null {
  return wake === '-' ? null : Number(wake.slice(1))
}

function inGroups(parts: readonly string[], size: number): readonly (readonly string[])[] {
  return Array.from({ length: parts.length / size }, (_, index) =>
    parts.slice(index * size, (index + 1) * size),
  )
}
