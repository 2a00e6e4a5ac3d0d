import { encodeBase64Url } from '../../../primitives/base64url.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { writeJson } from '../../../primitives/write-json.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import type { Channel } from '../channels/channel.ts'
import { NotificationError } from '../notification-error.ts'
import type { NotifyUser } from './notify-user.ts'

/** What a user is to be told, and how: what a job carries of it. */
export interface UserTask {
  readonly user: NotifyUser
  readonly template: string
  readonly data: unknown
  readonly channels: readonly Channel[] | null
  readonly mode: 'first' | 'all' | 'escalate'
  readonly afterMs: number
  readonly until: 'sent' | 'delivered' | 'opened'
  /** Of what each channel's own key is made. */
  readonly key: string
  readonly category: string | null
  readonly critical: boolean | null
  readonly duplicates: 'avoid' | 'accept'
}

/** What was told so far of a task that escalates. */
export interface Escalation {
  readonly task: UserTask
  readonly left: readonly Channel[]
  /** Messages that were sent, and items of the inbox. */
  readonly told: readonly { readonly channel: Channel; readonly id: string }[]
}

/** @throws NotificationError when it holds what a job cannot carry */
export function taskJson(task: UserTask): Json {
  const { user, ...rest } = task
  const defined = Object.fromEntries(
    Object.entries(user).filter(([, value]) => value !== undefined),
  )
  try {
    // What was written as JSON is JSON.
    return JSON.parse(writeJson({ ...rest, data: rest.data ?? null, user: defined })) as Json
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace('Cannot write JSON: ', '') : ''
    throw new NotificationError('invalid_request', `Cannot queue notification: ${why}`, { cause })
  }
}

/** A key of one part of something that has a key itself, as long as any. */
export async function partKey(...names: readonly string[]): Promise<string> {
  // Two lists of names must not give one text.
  const isPlain = names.every((name) => !name.includes('\n'))
  const text = encodeUtf8(isPlain ? names.join('\n') : JSON.stringify(names))
  return encodeBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', text)))
}
