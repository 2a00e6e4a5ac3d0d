import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { settleWithin } from '../../../primitives/settle-within.ts'
import { systemClock, type Clock } from '../../ports/platform/clock.ts'
import { BackendError } from '../../ports/backend-error.ts'
import { encodeJson, JOB_LIMITS } from '../../ports/job-store/job-limits.ts'
import type { Json } from '../../ports/json.ts'
import { ADD_JOBS_LUA, QUEUE_KEYS } from './add-jobs-script.ts'
import { BullmqVersionError } from './bullmq-version-error.ts'
import { encodeOptions, type BullmqJobOptions } from './job-options.ts'
import { scriptEvaluator, type ScriptClient } from './script-client.ts'

/** Adds jobs to a queue that BullMQ's workers work. */
export interface BullmqQueue {
  readonly name: string
  /**
   * Adds a job; it is in Redis when this resolves.
   *
   * @throws RangeError or TypeError when an argument is not one that BullMQ takes, or `data` is
   *   over 1 MiB
   * @throws BullmqVersionError when the queue belongs to a BullMQ of another major version
   * @throws BackendError when Redis cannot be reached or refuses
   */
  add(name: string, data: Json, options?: BullmqJobOptions): Promise<AddedBullmqJob>
  /**
   * Adds up to 1,000 jobs of together up to 8 MiB in one step, all or none. Errors as {@link add}.
   */
  addBulk(jobs: readonly BullmqJobToAdd[]): Promise<readonly AddedBullmqJob[]>
}

/** A job to add. */
export interface BullmqJobToAdd {
  /** 1 to 256 characters. */
  readonly name: string
  readonly data: Json
  /** By the name that BullMQ's `addBulk` has for them. */
  readonly opts?: BullmqJobOptions
}

/** What adding a job answers: `added` is false when the queue already held that id. */
export interface AddedBullmqJob {
  readonly id: string
  readonly added: boolean
}

/** What {@link bullmqQueue} needs. */
export interface BullmqQueueOptions {
  /** Connected to the Redis that BullMQ uses, over TCP or through Upstash's REST interface. */
  readonly client: ScriptClient
  /** As given to BullMQ's `Worker`: 1 to 256 characters, no `:`. */
  readonly name: string
  /**
   * As given to BullMQ's `Worker`; in a cluster it holds a hash tag, as in `{bull}`. Default
   * `bull`.
   */
  readonly prefix?: string
  /**
   * Longest wait for Redis, 1 ms to 10 min; after it the call fails as `backend_unavailable`.
   * Default 10 s.
   */
  readonly timeout?: Duration
  /** Times that wait. Jobs are stamped by the clock of Redis. Default: the platform's. */
  readonly clock?: Clock
}

const OPEN = 'open BullMQ queue'
const KNOWN_VERSION = 'bullmq:6.'
const BULK_BYTES = 8_388_608

/**
 * Adds jobs to BullMQ from where BullMQ cannot run: one `EVAL` without Node, sockets or msgpack.
 *
 * Written for the keys of BullMQ 6, and tested against 6.7. A queue whose `meta` names another
 * major version, or BullMQ Pro, is refused before anything is written; one without a version, which
 * no `Queue` has set up yet, is taken.
 *
 * A call whose answer is lost may have added its jobs: give them a `jobId` and call again.
 *
 * @throws RangeError when an option is out of range
 * @throws TypeError when `client` is of no known kind
 *
 * @example
 * const emails = bullmqQueue({ client: new Redis(), name: 'emails' })
 * await emails.add('welcome', { to: 'ada@example.com' }, { attempts: 5 })
 */
export function bullmqQueue(options: BullmqQueueOptions): BullmqQueue {
  checkOptions(OPEN, options, ['client', 'name'], ['prefix', 'timeout', 'clock'])
  const { client, name, prefix = 'bull', timeout = 10_000, clock = systemClock } = options
  if (name.length < 1 || name.length > 256 || name.includes(':'))
    throw new RangeError(
      `Cannot open BullMQ queue ${JSON.stringify(name.slice(0, 260))}: 1 to 256 characters without a colon expected`,
    )
  if (prefix === '')
    throw new RangeError('Cannot open BullMQ queue: prefix is empty, text expected')
  const timeoutMs = checkDuration(OPEN, 'timeout', timeout, 1, 600_000)
  const evaluate = scriptEvaluator(client)
  const base = `${prefix}:${name}:`
  const queueKeys = QUEUE_KEYS.map((part) => base + part)

  async function addBulk(jobs: readonly BullmqJobToAdd[]): Promise<readonly AddedBullmqJob[]> {
    if (jobs.length === 0) return []
    const encoded = jobs.map(encodeJob)
    checkBulk(encoded.map(({ args }) => args))
    const keys = encoded.flatMap(({ id }) => (id === '' ? [] : [base + id]))
    const args = [base, KNOWN_VERSION, ...encoded.flatMap((job) => job.args)]
    const [kind, ...answers] = await inTime(evaluate(ADD_JOBS_LUA, [...queueKeys, ...keys], args))
    if (kind === 'version')
      throw new BullmqVersionError(name, (answers[0] ?? '').slice(1, 101), KNOWN_VERSION)
    return answers.map((answer) => ({ id: answer.slice(1), added: answer.startsWith('+') }))
  }

  function inTime<Reply>(reply: Promise<Reply>): Promise<Reply> {
    return settleWithin(clock, timeoutMs, reply, () => {
      const message = `Cannot add jobs to BullMQ: no reply of Redis after ${timeoutMs} ms, one is expected within that`
      throw new BackendError('backend_unavailable', message)
    })
  }

  return {
    name,
    async add(jobName, data, opts = {}) {
      const [added] = await addBulk([{ name: jobName, data, opts }])
      // One job was given, so one was answered.
      return added as AddedBullmqJob
    },
    addBulk,
  }
}

function encodeJob({ name, data, opts = {} }: BullmqJobToAdd): {
  readonly id: string
  readonly args: readonly string[]
} {
  if (name.length < 1 || name.length > 256)
    throw new RangeError(
      `Cannot add job to BullMQ: name has ${name.length} characters, 1 to 256 allowed`,
    )
  const { id, json, delayMs, priority, lifo } = encodeOptions(opts)
  const text = encodeJson('data', data)
  return { id, args: [id, name, text, json, String(delayMs), String(priority), lifo ? '1' : '0'] }
}

function checkBulk(jobs: readonly (readonly string[])[]): void {
  if (jobs.length > JOB_LIMITS.batch)
    throw new RangeError(
      `Cannot add jobs to BullMQ: ${jobs.length} at once, at most ${JOB_LIMITS.batch} allowed`,
    )
  let size = 0
  for (const text of jobs.flat()) size += text.length
  if (size > BULK_BYTES)
    throw new RangeError(
      `Cannot add jobs to BullMQ: together they have ${size} characters, at most ${BULK_BYTES} allowed`,
    )
}
