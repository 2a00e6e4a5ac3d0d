import { isJsonObject, type JsonObject } from '../../../runtime/coordination/json-object.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { NotificationError } from '../notification-error.ts'
import type { JobRun } from '../queue/job-run.ts'
import type { QueuedNotification } from '../queue/notification-queue.ts'
import { later } from '../tracking/apply-event.ts'
import type { MessageStatus } from '../tracking/message-record.ts'
import type { NotificationParts } from './notification-parts.ts'
import type { ChannelResult, NotifyResult } from './notify-user.ts'
import type { MessageOf, SentChannel } from './prepare.ts'
import { tellOn, tellUser, toldOf } from './tell-user.ts'
import type { Escalation, UserTask } from './user-task.ts'

/** How a job is run. */
export interface RunOptions {
  readonly signal: AbortSignal
  /** Whether a failure is final. */
  readonly isLast: boolean
}

const SENT: ReadonlySet<string> = new Set(['email', 'sms', 'push', 'chat'])

/**
 * Does what a job carries.
 *
 * @throws NotificationError when it failed; `invalid_request` when no such work is known
 */
export async function runJob(
  parts: NotificationParts,
  { kind, id, work }: QueuedNotification,
  options: RunOptions,
): Promise<JobRun> {
  const given = isJsonObject(work) ? work : {}
  try {
    return isSent(kind)
      ? await runMessage(parts, kind, id, given, options)
      : await runTask(parts, kind, given, options)
  } catch (error) {
    await noteEnd(parts, kind, id, error, options)
    throw error
  }
}

async function runTask(
  parts: NotificationParts,
  kind: string,
  given: JsonObject,
  options: RunOptions,
): Promise<JobRun> {
  switch (kind) {
    case 'notify':
      // What the call that queued it checked.
      return runNotify(parts, given as unknown as UserTask, options)
    case 'escalate':
      return runEscalation(parts, given)
    case 'digest':
      return runDigest(parts, given, options)
    default:
      throw new NotificationError(
        'invalid_request',
        `Cannot run job: this version knows no ${JSON.stringify(kind.slice(0, 40))}`,
      )
  }
}

/** What ends unsent before its record says so must not look as if it waited on. */
async function noteEnd(
  { log, clock, onError }: NotificationParts,
  kind: string,
  id: string,
  error: unknown,
  { isLast }: RunOptions,
): Promise<void> {
  if (!(error instanceof NotificationError)) return
  const { code, provider, vendorCode } = error
  // Another version may have the template.
  const goesOn = error.retryable || code === 'template_not_found'
  if (goesOn && !isLast) return
  if (!isSent(kind)) return onError(error)
  await log.change(id, (record) =>
    record?.status === 'queued'
      ? {
          result: undefined,
          record: {
            ...record,
            status: 'failed',
            recipients: record.recipients.map((each) => ({ ...each, status: 'failed' as const })),
            error: { code, provider, vendorCode },
            sendAt: null,
            updatedAt: clock.now(),
          },
        }
      : { result: undefined },
  )
}

function isSent(kind: string): kind is SentChannel {
  return SENT.has(kind)
}

async function runMessage<Channel extends SentChannel>(
  { sender, clock }: NotificationParts,
  channel: Channel,
  id: string,
  { message, fingerprint }: JsonObject,
  { signal, isLast }: RunOptions,
): Promise<JobRun> {
  const outcome = await sender.sendSettled(
    channel,
    // What the call that queued it checked; it is checked again before it is sent.
    message as unknown as MessageOf[Channel],
    {
      id,
      fingerprint: typeof fingerprint === 'string' ? fingerprint : null,
      isRetried: !isLast,
      signal,
    },
  )
  if ('until' in outcome) return { delayMs: Math.max(outcome.until - clock.now(), 1) }
  const { status, provider, providerMessageId, reason } = outcome
  return { done: { status, provider, providerMessageId, reason } }
}

async function runNotify(
  parts: NotificationParts,
  task: UserTask,
  options: RunOptions,
): Promise<JobRun> {
  const templates = await parts.templates()
  return doneOrAgain(await tellUser(parts, task, templates.find(task.template)), options)
}

async function runDigest(
  parts: NotificationParts,
  work: JsonObject,
  options: RunOptions,
): Promise<JobRun> {
  const { closeDigest } = await import('./digest.ts')
  const digest = await closeDigest(parts, work as unknown as Parameters<typeof closeDigest>[1])
  if (digest === null) return { done: { status: 'none' } }
  const run = await runNotify(parts, digest.task, options)
  await digest.forget()
  return run
}

async function runEscalation(parts: NotificationParts, work: JsonObject): Promise<JobRun> {
  const { task, left, told } = work as unknown as Escalation
  if (await hasReached(parts, task, told)) return { done: { status: 'reached' } }
  const waitMs = await waitOf(parts, told)
  if (waitMs > 0) return { delayMs: waitMs + task.afterMs }
  const templates = await parts.templates()
  const template = templates.find(task.template)
  const [channel, ...others] = left
  if (channel === undefined) return { done: { status: 'over' } }
  const results = await tellOn(parts, task, template, channel)
  const nowTold = [...told, ...toldOf(results)]
  if (others.length === 0) return { done: { status: 'over' } }
  // A channel on which it did not succeed is not waited for.
  const delayMs = nowTold.length > told.length ? task.afterMs : 1
  const escalation = { task: work['task'] ?? null, left: others, told: [...nowTold] }
  return { delayMs, work: escalation as unknown as Json }
}

async function hasReached(
  { log, inbox }: NotificationParts,
  { until, user }: UserTask,
  told: Escalation['told'],
): Promise<boolean> {
  const reached = await Promise.all(
    told.map(async ({ channel, id }) => {
      if (channel === 'inbox')
        return until !== 'opened' || ((await inbox?.isRead?.(user.id, id)) ?? false)
      const status = (await log.get(id))?.status
      return status !== undefined && isAlive(status) && later(status, until) === status
    }),
  )
  return reached.includes(true)
}

/** How long what was told still waits, as for the end of quiet hours: nobody can look before. */
async function waitOf(
  { log, clock }: NotificationParts,
  told: Escalation['told'],
): Promise<number> {
  const waits = await Promise.all(
    told.map(async ({ channel, id }) => {
      const record = channel === 'inbox' ? null : await log.get(id)
      return record?.status === 'queued' ? (record.sendAt ?? 0) - clock.now() : 0
    }),
  )
  return Math.max(...waits, 0)
}

/** A bounced message is further along than a delivered one, and has reached nobody. */
function isAlive(status: MessageStatus): boolean {
  return ['sent', 'deferred', 'delivered', 'opened', 'clicked'].includes(status)
}

/**
 * Nothing was told on any channel, and that may pass: the job is tried again. What was sent is not
 * sent again.
 */
function doneOrAgain(told: Omit<NotifyResult, 'id' | 'sendAt'>, { isLast }: RunOptions): JobRun {
  const failed = told.results.find(mayPass)
  if (told.status === 'none' && failed !== undefined && !isLast)
    throw new NotificationError(failed.error.code, failed.error.message)
  return { done: { status: told.status } }
}

function mayPass(result: ChannelResult): result is Extract<ChannelResult, { status: 'failed' }> {
  return result.status === 'failed' && new NotificationError(result.error.code, '').retryable
}
