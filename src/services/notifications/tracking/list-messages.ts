import { checkOptions } from '../../../primitives/check-options.ts'
import { partitionsOf } from '../../../runtime/coordination/partition-of.ts'
import type {
  AtomicStore,
  StorePartition,
} from '../../../runtime/ports/atomic-store/atomic-store.ts'
import { isChannel, type Channel } from '../channels/channel.ts'
import { NotificationError } from '../notification-error.ts'
import { AGE, ageKey, MESSAGE_FAMILY, recordKey } from './message-log.ts'
import { MESSAGE_STATUSES, readMessage, type MessageStatus } from './message-record.ts'
import { trackedMessage, type TrackedMessage } from './tracked-message.ts'

/** Which messages; absent parts allow all. */
export interface MessageQuery {
  /** Made at or after: ms since 1970 or a Date. Default: as long as they are kept. */
  readonly since?: number | Date
  /** And before. Default: now. */
  readonly until?: number | Date
  readonly channel?: Channel
  readonly status?: MessageStatus
  /** A template's name. */
  readonly template?: string
  readonly category?: string
  readonly userId?: string
}

const PAGE = 100

/**
 * Messages of some time, latest first. Each partition is walked through by age, and the walks are
 * put together: memory holds one page of each.
 */
export async function* listMessages(
  store: AtomicStore,
  query: MessageQuery = {},
): AsyncGenerator<TrackedMessage, void> {
  checkQuery(query)
  const walks = partitionsOf(store, MESSAGE_FAMILY).map((partition) => walk(partition, query))
  const heads = await Promise.all(walks.map(async (each) => (await each.next()).value ?? null))
  for (;;) {
    let latest = -1
    for (const [index, head] of heads.entries())
      if (head !== null && head.createdAt > (heads[latest]?.createdAt ?? -Infinity)) latest = index
    const found = heads[latest] ?? null
    if (found === null) return
    if (isWanted(found, query)) yield found
    heads[latest] = (await walks[latest]?.next())?.value ?? null
  }
}

async function* walk(
  partition: StorePartition,
  { since, until }: MessageQuery,
): AsyncGenerator<TrackedMessage, void> {
  const from = since === undefined ? AGE : ageKey(Number(since), '')
  let cursor: string | null = until === undefined ? null : ageKey(Number(until), '')
  do {
    const page = await partition.list({
      prefix: AGE,
      reverse: true,
      limit: PAGE,
      ...(cursor !== null && { cursor }),
    })
    const ids: string[] = []
    for (const { key } of page.entries)
      if (key >= from) ids.push(key.slice(key.indexOf('/', AGE.length) + 1))
    for (let start = 0; start < ids.length;) {
      // An answer may be cut short where it would be too long.
      const asked = ids.slice(start)
      const entries = await partition.getMany(asked.map(recordKey))
      for (const [index, entry] of entries.entries()) {
        const record = readMessage(entry)
        if (record !== null) yield trackedMessage(asked[index] ?? '', record)
      }
      start += entries.length
    }
    cursor = ids.length < page.entries.length ? null : page.cursor
  } while (cursor !== null)
}

function isWanted(message: TrackedMessage, query: MessageQuery): boolean {
  const { channel, status, template, category, userId } = query
  return (
    (channel === undefined || message.channel === channel) &&
    (status === undefined || message.status === status) &&
    (template === undefined || message.template === template) &&
    (category === undefined || message.category === category) &&
    (userId === undefined || message.userId === userId)
  )
}

function checkQuery(query: MessageQuery): void {
  checkOptions(
    'list messages',
    query,
    [],
    ['since', 'until', 'channel', 'status', 'template', 'category', 'userId'],
  )
  const { since = 0, until = 0, channel, status } = query
  if (![since, until].every((instant) => Number(instant) >= 0 && Number(instant) < 1e15))
    throw refusal('since or until is no instant')
  if (channel !== undefined && !isChannel(channel)) throw refusal('channel is none')
  if (status !== undefined && !MESSAGE_STATUSES.includes(status)) throw refusal('status is none')
}

function refusal(fault: string): NotificationError {
  return new NotificationError('invalid_request', `Cannot list messages: ${fault}`)
}
