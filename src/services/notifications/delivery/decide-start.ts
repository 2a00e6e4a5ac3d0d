import { NotificationError } from '../notification-error.ts'
import type { MessageRecord } from '../tracking/message-record.ts'
import type { Delivery, ReadyProvider } from './delivery.ts'

/** How a message begins. */
export type Start =
  /** By asking these providers, one after the other. */
  | { readonly kind: 'go'; readonly providers: readonly ReadyProvider[] }
  /** Not at all: it was sent before, or decided before that it is not. */
  | { readonly kind: 'answer'; readonly record: MessageRecord }
  | { readonly kind: 'refuse'; readonly error: NotificationError }

/** What is known besides. */
export interface StartSituation {
  /** Somebody is sending the message now. */
  readonly leased: boolean
  /** Who asks. */
  readonly owner: string
  readonly now: number
}

/** How long vendors remember our ids (Resend: a day), with room to ask. */
const REMEMBERED_MS = 23 * 3_600_000

/** Decides whether a message is sent, from what is recorded of it. */
export function decideStart(
  delivery: Pick<Delivery, 'providers' | 'fingerprint' | 'duplicates' | 'channel'>,
  record: MessageRecord | null,
  { leased, owner, now }: StartSituation,
): Start {
  const { providers, fingerprint, duplicates, channel } = delivery
  if (record === null) return { kind: 'go', providers }
  if (record.fingerprint !== fingerprint)
    return refuse(
      'idempotency_conflict',
      `Cannot send ${channel}: its idempotency key was used before with another message, a new key expected`,
    )
  // Our own write, whose answer was lost.
  if (record.owner === owner) return { kind: 'go', providers }
  switch (record.status) {
    case 'queued':
      return { kind: 'go', providers }
    case 'failed':
      // A provider had taken it, and said later that it did not arrive.
      return record.sentAt === null ? { kind: 'go', providers } : { kind: 'answer', record }
    case 'sending':
      return leased
        ? refuse('in_progress', `Cannot send ${channel}: the same message is being sent right now`)
        : afterCrash()
    case 'ambiguous':
      return afterCrash()
    default:
      return { kind: 'answer', record }
  }

  /** A request went out, and nobody knows what became of it. */
  function afterCrash(): Start {
    const last = record?.attempts.at(-1)
    const asked = providers.find(({ name }) => name === last?.provider)
    const remembers =
      asked?.idempotent === true &&
      last !== undefined &&
      last.batch !== true &&
      now - last.at < REMEMBERED_MS
    // Asked once more with our id, the same vendor sends it if it has not.
    if (asked !== undefined && remembers) return { kind: 'go', providers: [asked] }
    if (duplicates === 'accept') return { kind: 'go', providers }
    return refuse(
      'ambiguous',
      `Cannot send ${channel}: it may have been sent before, its answer was lost`,
    )
  }
}

function refuse(
  code: 'idempotency_conflict' | 'in_progress' | 'ambiguous',
  message: string,
): Start {
  return { kind: 'refuse', error: new NotificationError(code, message) }
}
