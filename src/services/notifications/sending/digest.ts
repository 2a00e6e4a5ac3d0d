import { encodeBase64Url } from '../../../primitives/base64url.ts'
import { changeEntry } from '../../../runtime/coordination/change-entry.ts'
import { isJsonObject } from '../../../runtime/coordination/json-object.ts'
import type { StoreEntry } from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { utf8Length } from '../../../primitives/utf8.ts'
import { NotificationError } from '../notification-error.ts'
import { outlastOthers } from '../preferences/outlast-others.ts'
import { userPartition } from '../preferences/user-partition.ts'
import { queuedJob } from '../queue/enqueue-message.ts'
import type { NotificationParts } from './notification-parts.ts'
import { taskJson, type UserTask } from './user-task.ts'

/** What joins a digest. */
export interface DigestItem {
  readonly task: UserTask
  readonly itemId: string
  readonly key: string
  readonly windowMs: number
  readonly most: number
}

/** What is collected for one user under one key. */
interface OpenWindow {
  readonly id: string
  readonly dueAt: number
  readonly count: number
  /** Ids of all that is counted, so that the same is counted once; the latest 1,000. */
  readonly seen: readonly string[]
  readonly items: readonly Json[]
  /** How the user is told: as the latest of them said. */
  readonly task: Json
}

const KEY = /^[\w.:-]{1,128}$/
const MOST_SEEN = 1000
const MOST_ITEM_BYTES = 16_384
const MOST_BYTES = 700_000
/** A window that nothing joins any more and whose job was lost goes with this. */
const KEEP_MS = 60 * 86_400_000
/** How long after its time a digest is taken for one whose job was lost. */
const LATE_MS = 600_000

/**
 * Adds something to a user's digest, or opens one. Its one job is added before the window opens:
 * should this process die in between, the job finds nothing, and no window is left without a job.
 *
 * @returns When the digest is sent, ms since 1970; `null` when the same had joined before
 */
export async function joinDigest(
  parts: NotificationParts,
  { task, itemId, key, windowMs, most }: DigestItem,
): Promise<number | null> {
  if (!KEY.test(key))
    throw new NotificationError(
      'invalid_request',
      'Cannot notify: digest.key is not 1 to 128 letters, digits, _, ., : and -',
    )
  const partition = userPartition(parts.backend.store, task.user.id)
  const json = taskJson(task)
  const data = isJsonObject(json) ? (json['data'] ?? null) : null
  const bytes = utf8Length(JSON.stringify(data))
  if (bytes > MOST_ITEM_BYTES)
    throw new NotificationError(
      'invalid_request',
      `Cannot notify: the data has ${bytes} bytes, at most ${MOST_ITEM_BYTES} fit into a digest`,
    )
  const id = encodeBase64Url(parts.random.bytes(16))
  const dueAt = parts.clock.now() + windowMs
  const join = (hasJob: boolean): Promise<OpenWindow | null | 'closed'> =>
    outlastOthers(parts, () => joinOnce(hasJob))
  const joinOnce = (hasJob: boolean): Promise<OpenWindow | null | 'closed'> =>
    changeEntry<OpenWindow | null | 'closed'>(partition, windowKey(key), (entry) => {
      const there = readWindow(entry)
      if (there === null && !hasJob) return { result: 'closed' }
      const open = there ?? { id, dueAt, count: 0, seen: [], items: [], task: json }
      if (open.seen.includes(itemId)) return { result: null }
      const fits = open.items.length < most && sizeOf(open.items) + bytes < MOST_BYTES
      const joined: OpenWindow = {
        ...open,
        count: open.count + 1,
        seen: [...open.seen, itemId].slice(-MOST_SEEN),
        items: fits ? [...open.items, data] : open.items,
        task: json,
      }
      return {
        result: open,
        write: {
          set: [{ key: windowKey(key), value: windowJson(joined), expiresInMs: KEEP_MS }],
        },
      }
    })
  const addJob = (windowId: string, jobId: string, delayMs: number): Promise<unknown> => {
    const work = { userId: task.user.id, key, windowId, template: task.template }
    return parts.queue.addBulk([queuedJob('digest', jobId, work, delayMs)])
  }
  let joined = await join(false)
  if (joined === 'closed') {
    await addJob(id, id, windowMs)
    joined = await join(true)
  } else if (joined !== null && joined.dueAt < parts.clock.now() - LATE_MS)
    // Somebody took its job out of the queue, or it waits for a worker: one more does no harm.
    await addJob(joined.id, `${joined.id}~late`, 0)
  return joined === 'closed' || joined === null ? null : joined.dueAt
}

/** A digest that nothing joins any more. */
export interface ClosedDigest {
  /** Tells the user all of it. */
  readonly task: UserTask
  /** Drops it, once what became of it is final: until then it can be told again. */
  forget(): Promise<void>
}

/**
 * Closes a digest: what comes from now on opens the next.
 *
 * @returns `null` when another one was opened first, or this one was told before
 */
export async function closeDigest(
  { backend }: Pick<NotificationParts, 'backend'>,
  {
    userId,
    key,
    windowId,
  }: { readonly userId: string; readonly key: string; readonly windowId: string },
): Promise<ClosedDigest | null> {
  const partition = userPartition(backend.store, userId)
  const closedKey = `digest-closed/${windowId}`
  const closed = readWindow(await partition.get(closedKey))
  const window =
    closed ??
    (await changeEntry(partition, windowKey(key), (entry) => {
      const open = readWindow(entry)
      if (open === null || open.id !== windowId) return { result: null }
      return {
        result: open,
        write: {
          set: [{ key: closedKey, value: windowJson(open), expiresInMs: KEEP_MS }],
          delete: [windowKey(key)],
        },
      }
    }))
  if (window === null) return null
  return {
    task: {
      ...(window.task as unknown as UserTask),
      data: { items: [...window.items], count: window.count },
      key: `digest:${windowId}`,
    },
    async forget() {
      await partition.commit({ delete: [closedKey] })
    },
  }
}

function windowKey(key: string): string {
  return `digest/${key}`
}

function sizeOf(items: readonly Json[]): number {
  return items.reduce<number>((sum, item) => sum + utf8Length(JSON.stringify(item)), 0)
}

function readWindow(entry: StoreEntry | null): OpenWindow | null {
  // What this file wrote.
  return entry !== null && isJsonObject(entry.value) ? (entry.value as unknown as OpenWindow) : null
}

function windowJson(window: OpenWindow): Json {
  // Made of JSON alone.
  return window as unknown as Json
}
