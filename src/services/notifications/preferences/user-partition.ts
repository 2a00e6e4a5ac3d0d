import { utf8Length } from '../../../primitives/utf8.ts'
import type {
  AtomicStore,
  StorePartition,
} from '../../../runtime/ports/atomic-store/atomic-store.ts'
import { NotificationError } from '../notification-error.ts'

const MOST_BYTES = 256

/** The partition of one user: what of them belongs together is changed together. */
export function userPartition(store: AtomicStore, userId: string): StorePartition {
  return store.partition(`notifications:user:${checkUserId(userId)}`)
}

/** @throws NotificationError `invalid_request` */
export function checkUserId(userId: unknown): string {
  const isId =
    typeof userId === 'string' &&
    userId !== '' &&
    userId.isWellFormed() &&
    utf8Length(userId) <= MOST_BYTES
  if (isId) return userId
  throw new NotificationError(
    'invalid_request',
    `Cannot use user: the id is no text of 1 to ${MOST_BYTES} bytes`,
  )
}
