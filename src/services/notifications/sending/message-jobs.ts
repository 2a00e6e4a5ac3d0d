import type { SchemaResult, StandardSchema } from '../../../primitives/standard-schema.ts'
import { utf8Length } from '../../../primitives/utf8.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import type { SendResult } from '../delivery/delivery.ts'
import { NotificationError } from '../notification-error.ts'
import { readQueued } from '../queue/read-queued.ts'
import type { QueuedNotification } from '../queue/notification-queue.ts'
import { MOST_KEY_BYTES } from '../tracking/check-key.ts'
import { configuredNotifications } from './configured-notifications.ts'
import type { EmailMessage, PushMessage, SmsMessage } from './messages.ts'
import type { Notifications } from './notifications.ts'
import { partKey } from './user-task.ts'

/** What a queue says of a job that it runs. */
export interface JobOfQueue {
  readonly id: string
  readonly name: string
  readonly data: unknown
  readonly attempt: number
  readonly maxAttempts: number
  /** ms since 1970: a job of the same id that is added later is another one. */
  readonly addedAt: number
}

/** A kind of job that sends a message; made to be named in a `JobQueue`. */
export interface MessageJob<Message> {
  readonly input: StandardSchema<Message>
  run(job: JobOfQueue, context: { readonly signal: AbortSignal }): Promise<Json>
}

/**
 * A kind of job whose data is an e-mail: `createJob(queue, { name: 'send-email', data: { to,
 * subject, … } })`. A job that is run again sends nothing twice.
 *
 * @param notifications Default: those that are configured when the job runs
 *
 * @example
 * const emailQueue = new JobQueue({ name: 'email', backend, jobs: { 'send-email': emailJob() } })
 */
export function emailJob(notifications?: Notifications): MessageJob<EmailMessage> {
  return messageJob('send e-mail', notifications, (sender, message: EmailMessage) =>
    sender.sendEmail(message),
  )
}

/**
 * A kind of job whose data is an SMS; see {@link emailJob}.
 *
 * @example
 * const smsQueue = new JobQueue({ name: 'sms', backend, jobs: { 'send-sms': smsJob() } })
 * await smsQueue.add('send-sms', { to: '+4915112345678', message: 'Your code is 123456' })
 */
export function smsJob(notifications?: Notifications): MessageJob<SmsMessage> {
  return messageJob('send SMS', notifications, (sender, message: SmsMessage) =>
    sender.sendSMS(message),
  )
}

/**
 * A kind of job whose data is a push; see {@link emailJob}.
 *
 * @example
 * const pushQueue = new JobQueue({ name: 'push', backend, jobs: { 'send-push': pushJob() } })
 */
export function pushJob(notifications?: Notifications): MessageJob<PushMessage> {
  return messageJob('send push', notifications, (sender, message: PushMessage) =>
    sender.sendPush(message),
  )
}

/**
 * The job that a queue of one's own needs to hold what waits: queued messages, quiet hours,
 * digests.
 *
 * @example
 * const queue = new JobQueue({
 *   name: 'notifications',
 *   backend,
 *   jobs: { notification: notificationJob(() => notifications) },
 * })
 * const notifications = createNotifications({ backend, queue, email })
 *
 * @param notifications Asked for when a job runs, since both need one another. Default: those that
 *   are configured
 */
export function notificationJob(
  notifications: () => Notifications = () => configuredNotifications('run notification'),
): MessageJob<QueuedNotification> {
  return {
    input: schemaOf(
      (value): value is QueuedNotification => readQueued(value) !== null,
      'the data is not what notifications put into a queue',
    ),
    async run({ data, attempt, maxAttempts }, { signal }) {
      const queued = readQueued(data)
      if (queued === null)
        throw new NotificationError('invalid_request', 'Cannot run notification: the job is none')
      const isLast = attempt >= maxAttempts
      // What a job came to is JSON.
      return (await notifications().runJob(queued, { signal, isLast })) as Json
    },
  }
}

function messageJob<Message extends object>(
  action: string,
  given: Notifications | undefined,
  send: (notifications: Notifications, message: Message) => Promise<SendResult>,
): MessageJob<Message> {
  return {
    input: schemaOf(
      (value): value is Message => typeof value === 'object' && value !== null,
      'the data is no message',
    ),
    async run({ id, name, data, addedAt }, { signal }) {
      if (typeof data !== 'object' || data === null)
        throw new NotificationError('invalid_request', `Cannot ${action}: the job's data is none`)
      const notifications = given ?? configuredNotifications(action)
      // Unless the job has a key of its own, it is one message, however often it is run.
      const message = {
        idempotencyKey: await keyOf({ name, id, addedAt }),
        ...data,
        signal,
      }
      // Sending checks whatever the data is.
      const { status, provider, providerMessageId, reason, ...rest } = await send(
        notifications,
        message as unknown as Message,
      )
      return { id: rest.id, status, provider, providerMessageId, reason }
    },
  }
}

/** The same each time for one job and for no other, however long its names are. */
async function keyOf({
  name,
  id,
  addedAt,
}: Pick<JobOfQueue, 'name' | 'id' | 'addedAt'>): Promise<string> {
  const key = `job:${name}:${id}:${addedAt}`
  return name.includes(':') || utf8Length(key) > MOST_KEY_BYTES
    ? `job:${await partKey('job', name, id, String(addedAt))}`
    : key
}

function schemaOf<Value>(
  is: (value: unknown) => value is Value,
  fault: string,
): StandardSchema<Value> {
  const validate = (value: unknown): SchemaResult<Value> =>
    is(value) ? { value } : { issues: [{ message: fault }] }
  return { '~standard': { version: 1, vendor: 'white-cross', validate } }
}
