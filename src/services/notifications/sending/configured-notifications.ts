import { NotConfiguredError } from '../../../runtime/ports/not-configured-error.ts'
import type { Notifications } from './notifications.ts'

let configured: Notifications | undefined

/** Sets what {@link configuredNotifications} answers. */
export function setConfiguredNotifications(notifications: Notifications | undefined): void {
  configured = notifications
}

/**
 * @param action What cannot be done without, as in `send e-mail`
 * @throws NotConfiguredError when nothing was configured
 */
export function configuredNotifications(action: string): Notifications {
  if (configured !== undefined) return configured
  throw new NotConfiguredError(action, 'configureInfrastructure({ notifications: { email: … } })')
}
