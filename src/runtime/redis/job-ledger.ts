import { encodeHex } from '../../primitives/hex.ts'
import { checkExchange, checkQueueName, encodeJobs, JOB_LIMITS } from '../ports/job-limits.ts'
import type {
  ExchangeResult,
  JobCommand,
  JobLedger,
  JobPage,
  ListJobsOptions,
  QueueCounts,
  QueueLedger,
} from '../ports/job-ledger.ts'
import { isFinished } from '../ports/job-state.ts'
import type { RandomSource } from '../ports/random-source.ts'
import { addJobsScript } from './add-jobs-script.ts'
import type { RedisClient } from './client.ts'
import { commandJobsScript } from './command-jobs-script.ts'
import { exchangeJobsScript } from './exchange-jobs-script.ts'
import {
  decodeClaimedJob,
  decodeJobRecord,
  encodeExtension,
  encodeNewJob,
  encodeSettlement,
  fromField,
  toField,
} from './job-codec.ts'
import { QUEUE_PARTS, STATE_LETTERS } from './job-layout.ts'
import type { KeysOf } from './keys.ts'
import { countJobsScript, getJobScript, listJobsScript } from './read-jobs-scripts.ts'
import type { RedisScript } from './script.ts'

const ID_BYTES = 12
const CLAIMED_PARTS = 4
const RECORD_PARTS = 7

/**
 * Creates a {@link JobLedger} on Redis: a queue is a fixed set of keys on one cluster slot.
 *
 * @param offset Moves the server's clock, in ms
 */
export function createRedisJobLedger(
  client: RedisClient,
  keysOf: KeysOf,
  random: RandomSource,
  offset: () => number,
): JobLedger {
  return {
    queue(name) {
      checkQueueName(name)
      const keys = keysOf('queue', name, QUEUE_PARTS)
      return createQueue(random, (script, args) =>
        client.run(script, keys, [String(offset()), ...args]),
      )
    },
  }
}

type Run = (script: RedisScript, args: readonly string[]) => Promise<readonly string[]>

function createQueue(random: RandomSource, run: Run): QueueLedger {
  return {
    async add(given) {
      const jobs = encodeJobs(given)
      const ids = jobs.map(({ id }) => id ?? encodeHex(random.bytes(ID_BYTES)))
      const args = jobs.flatMap((job, index) => encodeNewJob(job, ids[index] ?? ''))
      const [wake = '', ...holders] = await run(addJobsScript, args)
      return {
        jobs: jobs.map((job, index) => {
          const id = ids[index] ?? ''
          const holder = holders[index] ?? '+'
          // An id of our own making can only be there because a client sent the command again.
          const added = holder === '+' || (job.id === null && holder === toField(id))
          return { id: added ? id : fromField(holder), added }
        }),
        wakeInMs: decodeWake(wake),
      }
    },

    async exchange(request): Promise<ExchangeResult> {
      checkExchange(request)
      const settle = (request.settle ?? []).flatMap(encodeSettlement)
      const extend = (request.extend ?? []).flatMap(encodeExtension)
      const { limit = 0, leaseMs = 0 } = request.claim ?? {}
      const settlesEnd = 5 + settle.length
      const extendsEnd = settlesEnd + extend.length
      const [settled = '', extended = '', wake = '', ...claimed] = await run(exchangeJobsScript, [
        ...[settlesEnd, extendsEnd, limit, leaseMs].map(String),
        ...settle,
        ...extend,
      ])
      return {
        settled: Array.from(settled.slice(1), (fate) => (fate === 's' ? 'settled' : 'lost')),
        extended: Array.from(extended.slice(1), (fate) =>
          fate === 'e' ? 'extended' : fate === 'c' ? 'cancelled' : 'lost',
        ),
        claimed: inGroups(claimed, CLAIMED_PARTS).map(decodeClaimedJob),
        wakeInMs: decodeWake(wake),
      }
    },

    async get(id) {
      const parts = await run(getJobScript, [toField(id)])
      return parts.length === 0 ? null : decodeJobRecord([toField(id), ...parts])
    },

    async list({ state, cursor, limit = 100 }: ListJobsOptions): Promise<JobPage> {
      if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
        throw new RangeError(`Cannot list jobs: limit is ${limit}, 1 to 1000 allowed`)
      const [rank, seq] = decodeCursor(cursor)
      const [next = '', ...found] = await run(listJobsScript, [
        STATE_LETTERS[state],
        String(limit),
        isFinished(state) ? '1' : '0',
        rank,
        seq,
      ])
      return {
        jobs: inGroups(found, RECORD_PARTS).map(decodeJobRecord),
        cursor: next === '' ? null : next,
      }
    },

    async counts(): Promise<QueueCounts> {
      const [text = ''] = await run(countJobsScript, [])
      const [
        ready = 0,
        scheduled = 0,
        active = 0,
        completed = 0,
        dead = 0,
        cancelled = 0,
        parked = 0,
        paused,
      ] = text.slice(1).split(' ').map(Number)
      return {
        ready,
        scheduled,
        active,
        completed,
        dead,
        cancelled,
        parked,
        paused: paused === 1,
      }
    },

    async command(command) {
      checkCommand(command)
      if (command.type === 'pause' || command.type === 'resume')
        return decodeCount(await run(commandJobsScript, [command.type]))
      if (command.type !== 'purge')
        return decodeCount(
          await run(commandJobsScript, [command.type, ...command.ids.map(toField)]),
        )
      let purged = 0
      while (purged < command.limit) {
        const batch = Math.min(command.limit - purged, JOB_LIMITS.batch)
        const letter = STATE_LETTERS[command.state]
        const count = decodeCount(await run(commandJobsScript, ['purge', letter, String(batch)]))
        purged += count
        if (count < batch) break
      }
      return purged
    },
  }
}

/** @throws RangeError when the command is over the limits */
function checkCommand(command: JobCommand): void {
  if (command.type === 'purge') {
    if (Number.isInteger(command.limit) && command.limit >= 1) return
    throw new RangeError(
      `Cannot purge jobs: limit is ${command.limit}, a positive integer expected`,
    )
  }
  if (command.type === 'pause' || command.type === 'resume') return
  if (command.ids.length > JOB_LIMITS.batch)
    throw new RangeError(
      `Cannot ${command.type} jobs: ${command.ids.length} ids, at most ${JOB_LIMITS.batch} allowed`,
    )
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
