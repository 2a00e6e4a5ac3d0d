import { encodeHex } from '../../../primitives/hex.ts'
import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { isJsonObject } from '../../../runtime/coordination/json-object.ts'
import type {
  AtomicStore,
  StoreEntry,
  StorePartition,
} from '../../../runtime/ports/atomic-store/atomic-store.ts'
import { BackendError } from '../../../runtime/ports/backend-error.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { systemRandom } from '../../../runtime/ports/platform/random-source.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { NotificationError } from '../notification-error.ts'
import { outlastOthers } from '../preferences/outlast-others.ts'
import { userPartition } from '../preferences/user-partition.ts'
import { checkKey } from '../tracking/check-key.ts'
import { checkContent, refusal, type CheckedContent } from './check-content.ts'
import type { InboxChannel, InboxContent } from './inbox-channel.ts'
import type { InboxItem, InboxPage, ListInboxOptions } from './inbox-item.ts'
import { streamInbox, type InboxStreamOptions } from './stream-inbox.ts'

/** What {@link createInbox} needs. */
export interface InboxOptions {
  readonly backend: { readonly store: AtomicStore }
  /** How long items are kept, 1 day to 10 years. Default 90 days. */
  readonly retention?: Duration
  /** Default: the platform's. */
  readonly clock?: Clock
}

/** What users are shown inside the application. */
export interface Inbox extends InboxChannel {
  create(
    userId: string,
    content: InboxContent,
    options?: { readonly idempotencyKey?: string },
  ): Promise<InboxItem>
  /** One page, latest first. */
  list(userId: string, options?: ListInboxOptions): Promise<InboxPage>
  /** How many were not read; counted up to 1,000. */
  unreadCount(userId: string): Promise<number>
  /** Whether an item was read, or removed. */
  isRead(userId: string, id: string): Promise<boolean>
  /** @returns How many of them were not read before */
  markRead(userId: string, ids: string | readonly string[]): Promise<number>
  /** @returns How many there were */
  markAllRead(userId: string): Promise<number>
  /** @returns Whether it was there */
  remove(userId: string, id: string): Promise<boolean>
  /**
   * Answers with a stream of what comes (Server-Sent Events): `item` with each new one, `unread`
   * with how many were not read. Whoever connects again with `Last-Event-ID` gets what it missed.
   */
  stream(request: Request, userId: string, options?: InboxStreamOptions): Promise<Response>
}

const ACTION = 'create inbox'
const DAY_MS = 86_400_000
const HEAD = 'inbox/head'
const ITEM = 'inbox/item/'
const UNREAD = 'inbox/unread/'
const KEY = 'inbox/key/'
const ID = /^itm_\d{12}$/
const MOST_COUNTED = 1000
/** Items that one commit can change: their record and their mark. */
const ITEMS_PER_COMMIT = 40
const MOST_TRIES = 20

/**
 * Makes an inbox over a store: every user has items in an order of their own, in a partition of
 * their own.
 *
 * @example
 * const inbox = createInbox({ backend })
 * const notifications = createNotifications({ backend, inbox, templates })
 * app.get('/inbox/live', (c) => inbox.stream(c.req.raw, userIdOf(c)))
 *
 * @throws TypeError or RangeError when an option is malformed
 */
export function createInbox(options: InboxOptions): Inbox {
  checkOptions(ACTION, options, ['backend'], ['retention', 'clock'])
  checkParts(ACTION, 'backend', options.backend, ['store'])
  const { clock = systemClock } = options
  const { store } = options.backend
  const retention = options.retention ?? '90d'
  const expiresInMs = checkDuration(ACTION, 'retention', retention, DAY_MS, 3650 * DAY_MS)
  const listeners = new Map<string, Set<() => void>>()
  const patience = { clock, random: systemRandom }

  /** Those in this process hear at once; others look by themselves. */
  function announce(userId: string): void {
    for (const listener of listeners.get(userId) ?? []) listener()
  }

  async function changeItems(
    userId: string,
    ids: readonly string[],
    change: (item: InboxItem) => InboxItem | null,
  ): Promise<number> {
    const partition = userPartition(store, userId)
    let changed = 0
    for (let start = 0; start < ids.length; start += ITEMS_PER_COMMIT)
      changed += await outlastOthers(patience, () =>
        changeSome(partition, ids.slice(start, start + ITEMS_PER_COMMIT), change),
      )
    if (changed > 0) announce(userId)
    return changed
  }

  /** Reads items with the head, of one moment, and changes them unless anything changed since. */
  async function changeSome(
    partition: StorePartition,
    ids: readonly string[],
    change: (item: InboxItem) => InboxItem | null,
  ): Promise<number> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const [head = null, ...entries] = await partition.getMany([
        HEAD,
        ...ids.map((id) => ITEM + id),
      ])
      const changed = entries.flatMap((entry) => {
        const item = readItem(entry)
        const after = item === null ? item : change(item)
        return item === null || after === item ? [] : [{ id: item.id, after }]
      })
      if (changed.length === 0) return 0
      const { seq, revision } = readHead(head)
      const committed = await partition.commit({
        check: [{ key: HEAD, version: head?.version ?? null }],
        set: [
          { key: HEAD, value: { seq, revision: revision + 1 } },
          ...changed.flatMap(({ id, after }) =>
            after === null ? [] : [{ key: ITEM + id, value: itemJson(after), expiresInMs }],
          ),
        ],
        delete: changed.flatMap(({ id, after }) =>
          after === null ? [ITEM + id, UNREAD + id] : [UNREAD + id],
        ),
      })
      if (committed.ok) return changed.length
    }
    throw contended()
  }

  async function createOnce(
    userId: string,
    checked: CheckedContent,
    dedupe: string | null,
  ): Promise<InboxItem> {
    const partition = userPartition(store, userId)
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const [head = null, known = null] = await partition.getMany([HEAD, dedupe ?? HEAD])
      const knownId = dedupe === null || typeof known?.value !== 'string' ? null : known.value
      if (knownId !== null) {
        const there = readItem(await partition.get(ITEM + knownId))
        const now = clock.now()
        // One that its user removed does not come back.
        return there ?? { id: knownId, ...checked, createdAt: now, readAt: now }
      }
      const { seq, revision } = readHead(head)
      const id = idOf(seq + 1)
      const item: InboxItem = { id, ...checked, createdAt: clock.now(), readAt: null }
      const committed = await partition.commit({
        check: [
          { key: HEAD, version: head?.version ?? null },
          ...(dedupe === null ? [] : [{ key: dedupe, version: known?.version ?? null }]),
        ],
        set: [
          { key: HEAD, value: { seq: seq + 1, revision: revision + 1 } },
          { key: ITEM + id, value: itemJson(item), expiresInMs },
          { key: UNREAD + id, value: null, expiresInMs },
          ...(dedupe === null ? [] : [{ key: dedupe, value: id, expiresInMs }]),
        ],
      })
      if (!committed.ok) continue
      announce(userId)
      return item
    }
    throw contended()
  }

  const inbox: Inbox = {
    async create(userId, content, given = {}) {
      checkOptions('create inbox item', given, [], ['idempotencyKey'])
      const { idempotencyKey } = given
      const checked = checkContent(content)
      const dedupe =
        idempotencyKey === undefined ? null : KEY + (await digestOf(checkKey(idempotencyKey)))
      return outlastOthers(patience, () => createOnce(userId, checked, dedupe))
    },
    async list(userId, given = {}) {
      checkOptions('list inbox', given, [], ['unread', 'limit', 'cursor'])
      const { unread = false, cursor } = given
      const limit = checkInteger('list inbox', 'limit', given.limit ?? 20, 1, 100)
      if (cursor !== undefined && !ID.test(cursor)) throw refusal('cursor is none')
      const partition = userPartition(store, userId)
      const prefix = unread ? UNREAD : ITEM
      const page = await partition.list({
        prefix,
        limit,
        reverse: true,
        ...(cursor !== undefined && { cursor: prefix + cursor }),
      })
      const entries = unread
        ? await partition.getMany(page.entries.map(({ key }) => ITEM + key.slice(UNREAD.length)))
        : page.entries
      const items = entries.flatMap((entry) => readItem(entry) ?? [])
      const last = page.entries.at(-1)?.key.slice(prefix.length) ?? null
      return { items, cursor: page.cursor === null ? null : last }
    },
    async unreadCount(userId) {
      const partition = userPartition(store, userId)
      return (await partition.list({ prefix: UNREAD, limit: MOST_COUNTED })).entries.length
    },
    async isRead(userId, id) {
      const key = ITEM + checkId(id)
      const [head = null, entry] = await userPartition(store, userId).getMany([HEAD, key])
      const item = readItem(entry)
      return item === null ? id <= idOf(readHead(head).seq) : item.readAt !== null
    },
    markRead(userId, ids) {
      const list = new Set((typeof ids === 'string' ? [ids] : [...ids]).map(checkId))
      return changeItems(userId, [...list], (item) =>
        item.readAt === null ? { ...item, readAt: clock.now() } : item,
      )
    },
    async markAllRead(userId) {
      const partition = userPartition(store, userId)
      let marked = 0
      for (;;) {
        const { entries } = await partition.list({ prefix: UNREAD, limit: MOST_COUNTED })
        const ids = entries.map(({ key }) => key.slice(UNREAD.length))
        const changed = ids.length === 0 ? 0 : await inbox.markRead(userId, ids)
        marked += changed
        if (changed === 0) return marked
      }
    },
    async remove(userId, id) {
      return (await changeItems(userId, [checkId(id)], () => null)) > 0
    },
    stream: (request, userId, given) =>
      streamInbox(request, {
        ...given,
        clock,
        async look(after) {
          const partition = userPartition(store, userId)
          const { revision, seq } = readHead(await partition.get(HEAD))
          if (after !== null && after.revision === revision) return null
          const [unread, items] = await Promise.all([
            inbox.unreadCount(userId),
            itemsAfter(partition, after?.lastId ?? null),
          ])
          return { revision, unread, items, lastId: idOf(seq) }
        },
        listen(wake) {
          const all = listeners.get(userId) ?? new Set()
          listeners.set(userId, all.add(wake))
          return () => {
            all.delete(wake)
            if (all.size === 0) listeners.delete(userId)
          }
        },
      }),
  }
  return inbox
}

/** What came after an item, oldest first; at most 100. */
async function itemsAfter(
  partition: StorePartition,
  lastId: string | null,
): Promise<readonly InboxItem[]> {
  if (lastId === null) return []
  const { entries } = await partition.list({ prefix: ITEM, cursor: ITEM + lastId, limit: 100 })
  return entries.flatMap((entry) => readItem(entry) ?? [])
}

function idOf(seq: number): string {
  return `itm_${String(seq).padStart(12, '0')}`
}

function readHead(entry: StoreEntry | null): { readonly seq: number; readonly revision: number } {
  const { seq, revision } = entry !== null && isJsonObject(entry.value) ? entry.value : {}
  return {
    seq: typeof seq === 'number' ? seq : 0,
    revision: typeof revision === 'number' ? revision : 0,
  }
}

function readItem(entry: StoreEntry | null | undefined): InboxItem | null {
  // What this file wrote.
  return entry != null && isJsonObject(entry.value) ? (entry.value as unknown as InboxItem) : null
}

function itemJson(item: InboxItem): Json {
  // Texts, numbers and `null`.
  return { ...item }
}

function checkId(id: unknown): string {
  if (typeof id === 'string' && ID.test(id)) return id
  throw new NotificationError('not_found', 'Cannot find inbox item: its id is none')
}

async function digestOf(key: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', encodeUtf8(key))
  return encodeHex(new Uint8Array(digest).slice(0, 16))
}

function contended(): BackendError {
  return new BackendError(
    'backend_overloaded',
    'Cannot change inbox: it was changed by others each time, try again later',
  )
}
