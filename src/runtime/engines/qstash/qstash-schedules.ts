import { checkOptions } from '../../../primitives/check-options.ts'
import { BackendError } from '../../ports/backend-error.ts'
import { checkQueueName, encodeJson } from '../../ports/job-store/job-limits.ts'
import type { Json } from '../../ports/json.ts'
import { decodeDirectJob, encodeDirectJob } from '../../workers/push/direct-job.ts'
import { decodeWakeMessage, encodeWakeMessage } from '../../workers/push/wake-message.ts'
import { deliveryHeaders } from './delivery-headers.ts'
import { ACCESS_OPTIONS, checkUrl, createQstashApi, type QstashAccess } from './qstash-api.ts'

/**
 * What a schedule sends: a job to `qstashDirectHandler`, or a wake for a queue to `qstashHandler`.
 */
export type QstashTask =
  | { readonly job: { readonly name: string; readonly data: Json } }
  | { readonly wake: string }

/** A schedule to keep at QStash. */
export type NewQstashSchedule = QstashTask & {
  /** A schedule of this id is replaced. 1 to 128 characters of `A–Z a–z 0–9 . _ -`. */
  readonly id: string
  /** Five fields; a minute is the finest. */
  readonly cron: string
  /** IANA name. Default UTC. */
  readonly timezone?: string
  /** How often a failed delivery is tried again, 0 to 100. Default: the plan's most. */
  readonly retries?: number
}

/** The names of both kinds. */
type AnyQstashSchedule = NewQstashSchedule & { readonly job?: unknown; readonly wake?: unknown }

/** A schedule as QStash keeps it. */
export interface QstashSchedule {
  readonly id: string
  readonly cron: string
  /** IANA name, `UTC` where none was given. */
  readonly timezone: string
  readonly paused: boolean
  /** When it is next due, ms since 1970; `null` where QStash does not say. */
  readonly nextAt: number | null
  /** `null` where the message is not one of ours. */
  readonly task: QstashTask | null
}

/** Options of {@link qstashSchedules}. */
export interface QstashSchedulesOptions extends QstashAccess {
  /** Where the messages go: a public URL at which one of the handlers answers. */
  readonly url: string
}

/**
 * Schedules that QStash itself keeps. Each method throws BackendError when QStash cannot be reached
 * or refuses.
 */
export interface QstashSchedules {
  /**
   * Creates or replaces a schedule; it may take a minute to be due for the first time.
   *
   * @throws RangeError or TypeError when an option is out of range
   */
  create(schedule: NewQstashSchedule): Promise<void>
  /** The schedules that send to this URL. */
  list(): Promise<readonly QstashSchedule[]>
  /** @returns Whether there was one */
  delete(id: string): Promise<boolean>
}

const TIMEZONE = /^CRON_TZ=(\S+) (.+)$/

/**
 * Keeps schedules at QStash, which then needs nothing of ours running to be on time. A tick that
 * QStash misses is not made up; where that matters, schedule in the queue itself and have this only
 * wake for it.
 *
 * @example
 * await qstashSchedules({ token, url }).create({ id: 'sweep', cron: '0 * * * *', wake: 'email' })
 *
 * @throws RangeError when an option is out of range
 * @throws TypeError when a URL is none
 */
export function qstashSchedules(options: QstashSchedulesOptions): QstashSchedules {
  checkOptions('use schedules of QStash', options, ['token', 'url'], ACCESS_OPTIONS)
  const url = checkUrl('url', options.url)
  const api = createQstashApi(options)
  return {
    async create(schedule) {
      const known = ['job', 'wake', 'timezone', 'retries'] as const
      checkOptions<Partial<AnyQstashSchedule>>('create schedule', schedule, ['id', 'cron'], known)
      const { id, cron, timezone, retries } = schedule
      checkText('id', id, /^[\w.-]{1,128}$/)
      checkText('cron', cron, /^[\w*/,?#-]+( [\w*/,?#-]+){4}$/)
      if (timezone !== undefined) checkText('timezone', timezone, /^[\w+/-]{1,64}$/)
      await api.request('POST', `schedules/${url}`, {
        headers: {
          'content-type': 'application/json',
          'upstash-schedule-id': id,
          'upstash-cron': timezone === undefined ? cron : `CRON_TZ=${timezone} ${cron}`,
          ...deliveryHeaders({ retries }),
        },
        body: encodeJson('data', bodyOf(schedule)),
      })
    },
    async list() {
      const answer = await api.request('GET', 'schedules')
      if (!Array.isArray(answer))
        throw new BackendError(
          'backend_failed',
          'Cannot list schedules: the answer of QStash is no list',
        )
      return answer.flatMap((item: unknown) => scheduleOf(item, url) ?? [])
    },
    async delete(id) {
      checkText('id', id, /^[\w.-]{1,128}$/)
      const answer = await api.request('DELETE', `schedules/${id}`, { mayBeAbsent: true })
      return answer !== undefined
    },
  }
}

function bodyOf(task: QstashTask): Json {
  if ('job' in task) return encodeDirectJob(task.job.name, task.job.data)
  checkQueueName(task.wake)
  return encodeWakeMessage({ queue: task.wake, afterMs: 0 })
}

function scheduleOf(item: unknown, url: string): QstashSchedule | null {
  if (typeof item !== 'object' || item === null) return null
  const {
    scheduleId,
    cron,
    destination,
    isPaused,
    nextScheduleTime,
    body,
  }: Partial<Record<string, unknown>> = { ...item }
  if (typeof scheduleId !== 'string' || typeof cron !== 'string' || destination !== url) return null
  const [, timezone = 'UTC', fields = cron] = TIMEZONE.exec(cron) ?? []
  return {
    id: scheduleId,
    cron: fields,
    timezone,
    paused: isPaused === true,
    nextAt: typeof nextScheduleTime === 'number' ? nextScheduleTime : null,
    task: typeof body === 'string' ? taskOf(body) : null,
  }
}

function taskOf(body: string): QstashTask | null {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return null
  }
  const wake = decodeWakeMessage(parsed)
  if (wake !== null) return { wake: wake.queue }
  const job = decodeDirectJob(parsed)
  return job === null ? null : { job }
}

function checkText(name: string, text: string, pattern: RegExp): void {
  if (pattern.test(text)) return
  throw new RangeError(
    `Cannot create schedule: ${name} is ${JSON.stringify(text.slice(0, 140))}, ${pattern.source} expected`,
  )
}
