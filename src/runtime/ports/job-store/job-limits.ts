import { checkInteger, checkNumber } from '../../../primitives/check-range.ts'
import { readThrown } from '../../../primitives/read-thrown.ts'
import { stringifyJson } from '../../../primitives/stringify-json.ts'
import { utf8Length } from '../../../primitives/utf8.ts'
import type { Exchange, JobCommand, NewJob } from './job-store.ts'
import type { Json } from '../json.ts'
import { checkGroupControl } from './group-control.ts'
import { MOST_EVENTS } from './queue-event.ts'
import { checkTags } from './job-tags.ts'

/** Limits every job store keeps. */
export const JOB_LIMITS = {
  /** Jobs in one `add`, and in one command. */
  batch: 1000,
  /** Claims, settlements or extensions in one exchange. */
  exchange: 1000,
  /** UTF-8 bytes of a job's data, of its options and of its result, as JSON. */
  dataBytes: 1_048_576,
  priority: 2_097_151,
  attempts: 1000,
  /** Longest delay, lease and retention: 10 years. */
  delayMs: 315_576_000_000,
  /** Greatest number of finished jobs that a bound can name. */
  kept: 1_000_000,
  /**
   * How many more finished jobs than have just finished one call drops, where a bound asks for it.
   */
  dropped: 1000,
  /** Priorities among which the job is looked for that has stood in line longest. */
  lines: 1000,
  /** Tags of one job, and UTF-8 bytes of each. */
  tags: 8,
  tagBytes: 64,
  /** Jobs that one page of a search looks at, whether they fit or not. */
  looked: 1000,
  /**
   * Bytes or characters of what jobs carry after which a claim or a page ends before its limit, one
   * job at least: a backend reads no more than that and a job over it at once.
   */
  replyBytes: 8_388_608,
} as const

const DAY_MS = 86_400_000
const WRITE = 'write job'
const NO_TAGS: readonly string[] = []

/**
 * A checked job with its defaults filled in and its values as JSON text: what an adapter writes.
 */
export interface EncodedJob {
  readonly id: string | null
  readonly name: string
  readonly data: string
  readonly options: string
  readonly priority: number
  readonly lifo: boolean
  readonly delayMs: number
  readonly maxAttempts: number
  readonly maxCrashes: number | null
  readonly deduplicationId: string | null
  readonly deduplicationTtlMs: number
  readonly keepCompletedMs: number
  readonly keepDeadMs: number
  readonly keepCompletedCount: number | null
  readonly keepDeadCount: number | null
  readonly deduplicationExtend: boolean
  readonly deduplicationKeepLast: boolean
  readonly replace: boolean
  readonly group: string | null
  readonly groupLimit: number
  /** The id of a job earlier in the same batch. */
  readonly parent: string | null
  readonly failsParent: boolean
  /** None twice. */
  readonly tags: readonly string[]
}

/**
 * @throws RangeError when the name is empty, too long or has other characters than
 *   `A–Z a–z 0–9 . _ : -`
 */
export function checkQueueName(name: string): void {
  if (typeof name !== 'string')
    throw new TypeError('Cannot open queue: its name is no text, one expected')
  if (/^[\w.:-]{1,128}$/.test(name)) return
  throw new RangeError(
    `Cannot open queue ${JSON.stringify(name.slice(0, 130))}: 1 to 128 characters of A–Z a–z 0–9 . _ : - expected`,
  )
}

/** @throws RangeError or TypeError when a job breaks one of {@link JOB_LIMITS} */
export function encodeJobs(jobs: readonly NewJob[]): readonly EncodedJob[] {
  if (jobs.length > JOB_LIMITS.batch)
    throw new RangeError(
      `Cannot add jobs: ${jobs.length} at once, at most ${JOB_LIMITS.batch} allowed`,
    )
  const earlier = new Set<string>()
  const checkAncestors = createAncestry()
  return jobs.map((job) => {
    const encoded: EncodedJob = {
      id: checkText('id', job.id ?? null, 256),
      name: checkText('name', job.name, 256) ?? '',
      data: encodeJson('data', job.data),
      options: encodeJson('options', job.options ?? null),
      priority: checkInteger(WRITE, 'priority', job.priority ?? 0, 0, JOB_LIMITS.priority),
      lifo: job.lifo ?? false,
      delayMs: checkMs('delayMs', job.delayMs),
      maxAttempts: checkInteger(WRITE, 'maxAttempts', job.maxAttempts ?? 1, 1, JOB_LIMITS.attempts),
      maxCrashes:
        job.maxCrashes === undefined
          ? null
          : checkInteger(WRITE, 'maxCrashes', job.maxCrashes, 0, JOB_LIMITS.attempts),
      deduplicationId: checkText('deduplication.id', job.deduplication?.id ?? null, 256),
      deduplicationTtlMs: checkInteger(
        WRITE,
        'deduplication.ttlMs',
        job.deduplication?.ttlMs ?? 0,
        0,
        JOB_LIMITS.delayMs,
      ),
      keepCompletedMs: checkMs('keepCompletedMs', job.keepCompletedMs),
      keepDeadMs: checkMs('keepDeadMs', job.keepDeadMs ?? 14 * DAY_MS),
      keepCompletedCount: checkKept('keepCompletedCount', job.keepCompletedCount),
      keepDeadCount: checkKept('keepDeadCount', job.keepDeadCount),
      deduplicationExtend: job.deduplication?.extend ?? false,
      deduplicationKeepLast: job.deduplication?.keepLast ?? false,
      replace: job.replace ?? false,
      group: checkText('group.key', job.group?.key ?? null, 256),
      groupLimit: checkInteger(WRITE, 'group.limit', job.group?.limit ?? 1, 1, 1000),
      parent: checkText('parent', job.parent ?? null, 256),
      failsParent: (job.onFailure ?? 'fail') === 'fail',
      tags: job.tags === undefined ? NO_TAGS : checkTags('add job', job.tags),
    }
    if (encoded.deduplicationKeepLast && encoded.deduplicationTtlMs > 0)
      throw new RangeError(
        'Cannot add job: deduplication.keepLast is given with ttlMs, only one of them expected',
      )
    if (encoded.parent !== null && !earlier.has(encoded.parent))
      throw new RangeError(
        'Cannot add job: its parent is not in the same batch, a job with that id before it expected',
      )
    checkAncestors(encoded)
    if (encoded.id !== null) earlier.add(encoded.id)
    return encoded
  })
}

/**
 * @returns The children for which a job is to wait
 * @throws RangeError when there are none or too many, together they are too long, or one breaks a
 *   limit; TypeError as {@link encodeJobs}
 */
export function encodeChildren(children: readonly NewJob[]): readonly EncodedJob[] {
  if (children.length === 0)
    throw new RangeError('Cannot wait for children: there are none, 1 to 1000 expected')
  const encoded = encodeJobs(children)
  const bytes = encoded.reduce(
    (sum, { data, options }) => sum + utf8Length(data) + utf8Length(options),
    0,
  )
  if (bytes <= JOB_LIMITS.dataBytes) return encoded
  throw new RangeError(
    `Cannot wait for children: together they have ${bytes} bytes, at most ${JOB_LIMITS.dataBytes} allowed`,
  )
}

/**
 * @returns Notes one job of a batch after the other, and throws a RangeError for one that is not
 *   added because of a job that waits for it: each would wait for the other for ever
 */
function createAncestry(): (job: EncodedJob) => void {
  const parentsOf = new Map<string, Set<string>>()
  const deduplications = new Map<string, Set<string>>()

  function isAbove(job: EncodedJob, parent: string): boolean {
    const above = new Set([parent])
    // A set goes on to what is added to it on the way.
    for (const id of above) {
      const isSame = id === job.id || deduplications.get(id)?.has(job.deduplicationId ?? '')
      if (isSame === true) return true
      for (const next of parentsOf.get(id) ?? []) above.add(next)
    }
    return false
  }

  return (job) => {
    const { id, parent, deduplicationId } = job
    const mayBeHeld = (id !== null && parentsOf.has(id)) || deduplicationId !== null
    if (parent !== null && mayBeHeld && isAbove(job, parent))
      throw new RangeError(
        'Cannot add job: its id or deduplication id is that of a job above it in the flow, which waits for it, another one expected',
      )
    if (id === null) return
    const parents = parentsOf.get(id) ?? new Set()
    if (parent !== null) parents.add(parent)
    parentsOf.set(id, parents)
    if (deduplicationId === null) return
    deduplications.set(id, (deduplications.get(id) ?? new Set()).add(deduplicationId))
  }
}

/** @throws RangeError when a page's size is out of range */
export function checkPageLimit(limit: number): void {
  checkInteger('list jobs', 'limit', limit, 1, 1000)
}

/** @throws RangeError when the exchange is over {@link JOB_LIMITS} */
export function checkExchange({ settle = [], extend = [], claim }: Exchange): void {
  for (const [what, count] of [
    ['settlements', settle.length],
    ['extensions', extend.length],
  ] as const) {
    if (count > JOB_LIMITS.exchange)
      throw new RangeError(
        `Cannot exchange jobs: ${count} ${what}, at most ${JOB_LIMITS.exchange} allowed`,
      )
  }
  for (const { leaseMs } of extend) checkInteger(WRITE, 'leaseMs', leaseMs, 1, JOB_LIMITS.delayMs)
  for (const { outcome } of settle) {
    if (outcome.to === 'scheduled') checkMs('delayMs', outcome.delayMs)
    if (outcome.to === 'blocked') encodeChildren(outcome.children)
  }
  if (claim === undefined) return
  checkInteger(WRITE, 'claim.limit', claim.limit, 1, JOB_LIMITS.exchange)
  checkInteger(WRITE, 'claim.leaseMs', claim.leaseMs, 1, JOB_LIMITS.delayMs)
}

/**
 * @returns A copy, which the caller can no longer change
 * @throws RangeError when the command names or purges more jobs than {@link JOB_LIMITS} allow
 */
export function checkCommand(command: JobCommand): JobCommand {
  if (command.type === 'pause' || command.type === 'resume') return { ...command }
  if (command.type === 'group') {
    checkGroupControl(command.key, command.limit)
    return { ...command }
  }
  if (command.type === 'groups') {
    checkGroupControl(command.prefix, command.limit)
    return { ...command }
  }
  if (command.type === 'record') {
    checkInteger('record events', 'keep', command.keep, 0, MOST_EVENTS)
    return { ...command }
  }
  if (command.type === 'purge') {
    checkInteger('purge jobs', 'limit', command.limit, 1, JOB_LIMITS.batch)
    return { ...command }
  }
  if (command.type === 'change') return checkChange(command)
  checkIds(command)
  return { ...command, ids: [...command.ids] }
}

function checkChange(command: Extract<JobCommand, { readonly type: 'change' }>): JobCommand {
  checkIds(command)
  const { type, ids, data, delayMs, priority } = command
  if (data === undefined && delayMs === undefined && priority === undefined)
    throw new TypeError('Cannot change job: nothing is to change, data, delay or priority expected')
  return {
    type,
    ids: [...ids],
    // A copy, which its text says exactly.
    ...(data !== undefined && { data: JSON.parse(encodeJson('data', data)) as Json }),
    ...(delayMs !== undefined && { delayMs: checkMs('delayMs', delayMs) }),
    ...(priority !== undefined && {
      priority: checkInteger(WRITE, 'priority', priority, 0, JOB_LIMITS.priority),
    }),
  }
}

function checkIds(command: Extract<JobCommand, { readonly ids: readonly string[] }>): void {
  const { length } = command.ids
  if (length <= JOB_LIMITS.batch) return
  throw new RangeError(
    `Cannot ${command.type} jobs: ${length} ids, at most ${JOB_LIMITS.batch} allowed`,
  )
}

/**
 * @returns `value` as JSON text within the size limit, from which exactly `value` comes back
 * @throws TypeError when JSON would leave something of it out, or convert it
 * @throws RangeError when it is too long
 */
export function encodeJson(what: string, value: Json): string {
  const json = textOf(what, value)
  const bytes = json.length * 3 <= JOB_LIMITS.dataBytes ? 0 : utf8Length(json)
  if (bytes > JOB_LIMITS.dataBytes)
    throw new RangeError(
      `Cannot write job: ${what} has ${bytes} bytes, at most ${JOB_LIMITS.dataBytes} allowed`,
    )
  return json
}

function textOf(what: string, value: Json): string {
  try {
    return stringifyJson(value)
  } catch (cause) {
    const fault = readThrown(cause).message.replace(/^.*?: value/, what)
    throw new TypeError(`Cannot write job: ${fault}`, { cause })
  }
}

function checkText(what: string, text: string | null, most: number): string | null {
  if (text === null) return text
  const given: unknown = text
  if (typeof given !== 'string')
    throw new TypeError(`Cannot add job: ${what} is a ${typeof given}, text expected`)
  // A lone surrogate has no UTF-8: backends would store another text, and two ids would become one.
  if (!text.isWellFormed())
    throw new RangeError(
      `Cannot add job: ${what} holds half a surrogate pair, well-formed text expected`,
    )
  if (text.length >= 1 && text.length <= most) return text
  throw new RangeError(
    `Cannot add job: ${what} has ${text.length} characters, 1 to ${most} allowed`,
  )
}

function checkMs(what: string, ms = 0): number {
  return Math.ceil(checkNumber(WRITE, what, ms, 0, JOB_LIMITS.delayMs))
}

function checkKept(what: string, count: number | undefined): number | null {
  return count === undefined ? null : checkInteger(WRITE, what, count, 1, JOB_LIMITS.kept)
}
