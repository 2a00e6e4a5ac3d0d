import { suite, type Suite } from '../../suite.ts'
import { bulkLaws } from './bulk-laws.ts'
import { consentLaws } from './consent-laws.ts'
import { costLaws } from './cost-laws.ts'
import { deployLaws } from './deploy-laws.ts'
import { digestLaws } from './digest-laws.ts'
import { eventLaws } from './event-laws.ts'
import { failoverLaws } from './failover-laws.ts'
import type { NotificationHarness } from './notification-fixture.ts'
import { inboxLaws } from './inbox-laws.ts'
import { notifyLaws } from './notify-laws.ts'
import { onceLaws } from './once-laws.ts'
import { queueLaws } from './queue-laws.ts'
import { tokenLaws } from './token-laws.ts'
import { trackingLaws } from './tracking-laws.ts'

/** What notifications promise, on one backend. */
export function notificationSuites(
  adapter: string,
  harness: NotificationHarness,
): readonly Suite[] {
  return [
    suite('Notifications: providers', adapter, failoverLaws, harness),
    suite('Notifications: once', adapter, onceLaws, harness),
    suite('Notifications: consent', adapter, consentLaws, harness),
    suite('Notifications: tracking', adapter, [...trackingLaws, ...eventLaws], harness),
    suite('Notifications: queue', adapter, [...queueLaws, ...deployLaws, ...bulkLaws], harness),
    suite('Notifications: inbox', adapter, inboxLaws, harness),
    suite('Notifications: tokens', adapter, tokenLaws, harness),
    suite('Notifications: costs', adapter, costLaws, harness),
    suite('Notifications: users', adapter, [...notifyLaws, ...digestLaws], harness),
  ]
}
