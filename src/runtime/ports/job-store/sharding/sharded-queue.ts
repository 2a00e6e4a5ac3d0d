import { orderOfExchange } from '../exchange-order.ts'
import { checkCommand, encodeJobs } from '../job-limits.ts'
import { checkSearch, type JobIdPage } from '../job-search.ts'
import type {
  ExchangeResult,
  JobCommand,
  JobPage,
  ListJobsOptions,
  QueueCounts,
  QueueStore,
} from '../job-store.ts'
import { checkGroupKey, UNCONTROLLED } from '../group-control.ts'
import { checkEventLimit, type QueueEvent } from '../queue-event.ts'
import { JOB_STATES } from '../job-state.ts'
import { chooseShards } from './choose-shards.ts'
import { shardOf } from './shard-of.ts'

/**
 * One queue over several job stores.
 *
 * Ids that a shard made get the shard's number behind a `~`; a chosen id, a deduplication id or a
 * group key says by its hash which shard keeps its job. A flow is kept where its root's id belongs;
 * other jobs of it with a chosen id that belongs elsewhere get the shard's number behind a `~~`,
 * and that id finds them. All other jobs of one `add` go to one shard, the next each time. A claim
 * is divided among all shards, so priority and order hold within a shard only; lists go through one
 * shard after the other.
 *
 * @param isMade Whether an id is of a shard's own making
 * @param fraction A number in [0, 1): where to begin going round the shards
 */
export function createShardedQueue(
  shards: readonly QueueStore[],
  isMade: (id: string) => boolean,
  fraction: () => number,
): QueueStore {
  const count = shards.length
  let turn = Math.floor(fraction() * count)

  function publicId(id: string, shard: number): string {
    if (isMade(id)) return `${id}~${shard}`
    return shardOf(id, count) === shard ? id : `${id}~~${shard}`
  }

  function locate(id: string): Located {
    const [, strayed, within] = STRAYED.exec(id) ?? []
    if (strayed !== undefined && Number(within) < count)
      return { shard: Number(within), id: strayed }
    const [, made = id, shard = '0'] = /^([^~]+)~(\d{1,4})$/.exec(id) ?? []
    // A made id without a number is from when the queue had one shard only, the first.
    if (isMade(made) && Number(shard) < count) return { shard: Number(shard), id: made }
    return { shard: shardOf(id, count), id }
  }

  async function commandIds(
    command: Extract<JobCommand, { readonly ids: readonly string[] }>,
  ): Promise<number> {
    const located = command.ids.map(locate)
    const changed = await Promise.all(
      shards.map(async (queue, shard) => {
        const own = located.filter((place) => place.shard === shard)
        return own.length === 0 ? 0 : queue.command({ ...command, ids: own.map(({ id }) => id) })
      }),
    )
    return sum(changed)
  }

  async function purge({ limit, ...purge }: JobCommand & { type: 'purge' }): Promise<number> {
    let purged = 0
    for (const queue of shards)
      if (purged < limit) purged += await queue.command({ ...purge, limit: limit - purged })
    return purged
  }

  /** One shard after the other, as far as the first that answers anything. */
  async function pageOf<Page extends { readonly cursor: string | null }, Found>(
    { cursor, idPrefix, ...options }: ListJobsOptions,
    read: (queue: QueueStore, options: ListJobsOptions) => Promise<Page>,
    foundIn: (page: Page, shard: number) => readonly Found[],
  ): Promise<{ readonly found: readonly Found[]; readonly cursor: string | null }> {
    const [, from = '0', inner = ''] = /^(\d{1,4}):(.*)$/s.exec(cursor ?? '') ?? []
    // What stands behind a `~` may say where a job is, and is no part of its id there.
    const prefix = idPrefix?.split('~', 1)[0] ?? ''
    let within = inner
    for (let shard = Number(from); shard < count; shard++) {
      const queue = shards[shard]
      if (queue === undefined) break
      const page = await read(queue, {
        ...options,
        ...(prefix !== '' && { idPrefix: prefix }),
        ...(within !== '' && { cursor: within }),
      })
      within = ''
      const found = foundIn(page, shard)
      if (page.cursor !== null) return { found, cursor: `${shard}:${page.cursor}` }
      if (found.length > 0) return { found, cursor: shard + 1 < count ? `${shard + 1}:` : null }
    }
    return { found: [], cursor: null }
  }

  return {
    async add(jobs) {
      encodeJobs(jobs)
      turn = (turn + 1) % count
      if (jobs.some(({ id = '' }) => STRAYED.test(id)))
        throw new RangeError(
          'Cannot add job: its id ends in ~~ and a number, which says where a job is kept, another id expected',
        )
      const chosen = chooseShards(jobs, {
        ofId: (id) => locate(id).shard,
        ofKey: (key) => shardOf(key, count),
        otherwise: turn,
      })
      const results = await Promise.all(
        shards.map(async (queue, shard) => {
          const own = jobs.filter((_job, index) => chosen[index] === shard)
          return own.length === 0 ? { jobs: [], wakeInMs: null } : queue.add(own)
        }),
      )
      return {
        jobs: gather(
          chosen,
          results.map((result, shard) =>
            result.jobs.map((answer) => ({ ...answer, id: publicId(answer.id, shard) })),
          ),
        ),
        wakeInMs: earliest(results),
      }
    },

    async exchange(exchange) {
      // One shard that refused its part would leave the parts of others done.
      orderOfExchange(exchange)
      const { claim } = exchange
      const settle = (exchange.settle ?? []).map((given) => ({ ...given, ...locate(given.id) }))
      const extend = (exchange.extend ?? []).map((given) => ({ ...given, ...locate(given.id) }))
      turn = (turn + 1) % count
      const results = await allOrGiveBack(
        shards,
        shards.map((queue, shard) => {
          // Whoever is first in turn takes what does not divide evenly, and all of a claim of one.
          const place = (shard + turn) % count
          const limit = Math.ceil(((claim?.limit ?? 0) - place) / count)
          return queue.exchange({
            settle: settle.filter((given) => given.shard === shard).map(withoutShard),
            extend: extend.filter((given) => given.shard === shard).map(withoutShard),
            ...(claim !== undefined && limit > 0 && { claim: { ...claim, limit } }),
          })
        }),
      )
      return {
        settled: gather(
          settle.map(({ shard }) => shard),
          results.map(({ settled }) => settled),
        ),
        extended: gather(
          extend.map(({ shard }) => shard),
          results.map(({ extended }) => extended),
        ),
        claimed: results.flatMap(({ claimed }, shard) =>
          claimed.map((job) => ({ ...job, id: publicId(job.id, shard) })),
        ),
        wakeInMs: earliest(results),
      }
    },

    async get(given) {
      const { shard, id } = locate(given)
      const record = (await shards[shard]?.get(id)) ?? null
      return record === null ? null : { ...record, id: publicId(record.id, shard) }
    },

    async list(options) {
      checkSearch(options)
      const read = async (queue: QueueStore, within: ListJobsOptions): Promise<JobPage> =>
        queue.list(within)
      return pageOf(options, read, (page, shard) => {
        const jobs = page.jobs.map((job) => ({ ...job, id: publicId(job.id, shard) }))
        return jobs.filter(({ id }) => id.startsWith(options.idPrefix ?? ''))
      }).then(({ found, cursor }) => ({ jobs: found, cursor }))
    },

    async find(options) {
      checkSearch(options)
      const read = async (queue: QueueStore, within: ListJobsOptions): Promise<JobIdPage> =>
        queue.find(within)
      return pageOf(options, read, (page, shard) =>
        page.ids
          .map((id) => publicId(id, shard))
          .filter((id) => id.startsWith(options.idPrefix ?? '')),
      ).then(({ found, cursor }) => ({ ids: found, cursor }))
    },

    async children(given) {
      const { shard, id } = locate(given)
      const children = (await shards[shard]?.children(id)) ?? []
      return children.map((child) => ({ ...child, id: publicId(child.id, shard) }))
    },

    async counts() {
      const all = await Promise.all(shards.map((queue) => queue.counts()))
      const total = JOB_STATES.map((state) => [state, sum(all.map((counts) => counts[state]))])
      // Every state is there, each with a number.
      return {
        ...Object.fromEntries(total),
        paused: all.some(({ paused }) => paused),
      } as QueueCounts
    },

    async oldestReady() {
      const all = await Promise.all(shards.map((queue) => queue.oldestReady()))
      const oldest = Math.min(...all.map((addedAt) => addedAt ?? Infinity))
      return oldest === Infinity ? null : oldest
    },

    async command(given) {
      const command = checkCommand(given)
      if (command.type === 'purge') return purge(command)
      if ('ids' in command) return commandIds(command)
      if (command.type === 'group')
        return (await shards[shardOf(command.key, count)]?.command(command)) ?? 0
      const changed = await Promise.all(shards.map((queue) => queue.command(command)))
      return command.type === 'groups' ? Math.max(...changed) : sum(changed)
    },

    async group(key) {
      checkGroupKey(key)
      const none = { ...UNCONTROLLED, admitted: 0, held: 0 }
      return (await shards[shardOf(key, count)]?.group(key)) ?? none
    },

    async events({ after, limit = 100 } = {}) {
      checkEventLimit(limit)
      const cursors = after === undefined ? [] : after.split('.')
      if (after !== undefined && cursors.length !== count)
        throw new RangeError(
          'Cannot read events: since is malformed, the cursor of an event expected',
        )
      const pages = await Promise.all(
        shards.map((queue, shard) => {
          const from = cursors[shard]
          return queue.events({ limit, ...(from !== undefined && { after: from }) })
        }),
      )
      // Each shard's own order is kept, whatever its clock says.
      const positions = pages.map(({ events, cursor }) => beforeFirst(events, cursor))
      const rest = pages.map(({ events }) => [...events])
      const events: QueueEvent[] = []
      while (events.length < limit) {
        const shard = earliestHead(rest)
        const next = rest[shard]?.shift()
        if (next === undefined) break
        positions[shard] = next.cursor
        events.push({ ...next, id: publicId(next.id, shard), cursor: positions.join('.') })
      }
      return {
        recording: pages.every(({ recording }) => recording),
        events,
        missed: pages.some(({ missed }) => missed),
        cursor: positions.join('.'),
        latest: pages.map(({ latest }) => latest).join('.'),
      }
    },

    ...(shards.some(({ onEnds }) => onEnds !== undefined) && {
      onEnds(listener: (ids: readonly string[] | null) => void) {
        const stops = shards.map(({ onEnds }, shard) =>
          onEnds?.((ids) => listener(ids?.map((id) => publicId(id, shard)) ?? null)),
        )
        return () => {
          for (const stop of stops) stop?.()
        }
      },
    }),
  }
}

/**
 * What each shard answered. Where one fails, what the others gave is given back at once, with its
 * attempt: nobody would run it until its lease is over.
 *
 * @throws What the first that failed threw
 */
async function allOrGiveBack(
  shards: readonly QueueStore[],
  answers: readonly Promise<ExchangeResult>[],
): Promise<readonly ExchangeResult[]> {
  const outcome = { to: 'scheduled', delayMs: 0, refund: true } as const
  const settled = await Promise.allSettled(answers)
  const failed = settled.find(({ status }) => status === 'rejected')
  if (failed !== undefined)
    await Promise.allSettled(
      settled.map(async (answer, shard) => {
        const claimed = answer.status === 'fulfilled' ? answer.value.claimed : []
        const settle = claimed.map(({ id, token }) => ({ id, token, outcome }))
        if (settle.length > 0) await shards[shard]?.exchange({ settle })
      }),
    )
  return Promise.all(answers)
}

/** The id of a job that is kept where its flow is, not where its own id belongs. */
const STRAYED = /^(.+)~~(\d{1,4})$/s

/** The shard of a job, and its id there. */
interface Located {
  readonly shard: number
  readonly id: string
}

function withoutShard<Given extends Located>({
  shard: _shard,
  ...given
}: Given): Omit<Given, 'shard'> {
  return given
}

/**
 * Puts the answers of the shards into the order of the questions; `chosen` says which shard each
 * question went to.
 */
function gather<Answer>(
  chosen: readonly number[],
  answers: readonly (readonly Answer[])[],
): Answer[] {
  const taken = answers.map(() => 0)
  return chosen.flatMap((shard) => {
    const next = taken[shard] ?? 0
    taken[shard] = next + 1
    return answers[shard]?.slice(next, next + 1) ?? []
  })
}

/** The cursor at which a page of events begins. */
function beforeFirst([first]: readonly QueueEvent[], cursor: string): string {
  return first === undefined ? cursor : String(Number(first.cursor) - 1)
}

/** The shard whose first event happened before those of the others; -1 where there is none. */
function earliestHead(lists: readonly (readonly QueueEvent[])[]): number {
  const heads = lists.map(([head]) => head?.at ?? Infinity)
  const least = Math.min(...heads)
  return least === Infinity ? -1 : heads.indexOf(least)
}

function earliest(results: readonly { readonly wakeInMs: number | null }[]): number | null {
  const wakes = results.flatMap(({ wakeInMs }) => wakeInMs ?? [])
  return wakes.length === 0 ? null : Math.min(...wakes)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
