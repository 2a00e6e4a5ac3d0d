import { setConfiguredNotifications } from './configured-notifications.ts'
import { createNotifications } from './create-notifications.ts'
import type { NotificationsOptions } from './notifications-options.ts'
import type { Notifications } from './notifications.ts'

/**
 * Chooses what `sendEmail`, `sendSMS`, `sendPush`, `notify`, `renderTemplate` and `trackDelivery`
 * act on, once for the program.
 *
 * @param notifications What `createNotifications` made, or its options; `undefined` takes the
 *   choice back
 * @returns What was chosen
 *
 * @example
 * configureNotifications({ backend: memory(), from: 'shop@example.com', email: [outbox()] })
 */
export function configureNotifications(
  notifications: Notifications | NotificationsOptions,
): Notifications
export function configureNotifications(notifications: undefined): undefined
export function configureNotifications(
  notifications: Notifications | NotificationsOptions | undefined,
): Notifications | undefined {
  const chosen =
    notifications === undefined || 'sendEmail' in notifications
      ? notifications
      : createNotifications(notifications)
  setConfiguredNotifications(chosen)
  return chosen
}
