import type { MetricReading } from '../../../runtime/ports/service.ts'
import { NOTIFICATION_QUEUE } from '../queue/read-queued.ts'
import type { NotificationParts } from './notification-parts.ts'

/** How things stand: what waits, and which providers are left alone. */
export async function readMetrics({
  backend,
  pools,
}: NotificationParts): Promise<readonly MetricReading[]> {
  const { ready, scheduled, active, dead } = await backend.jobStore
    .queue(NOTIFICATION_QUEUE)
    .counts()
  const members = [
    ...Object.entries({ email: pools.email, sms: pools.sms, push: pools.push }),
    ...[...pools.chat].map(([name, pool]) => [`chat:${name}`, pool] as const),
  ].flatMap(([channel, pool]) =>
    (pool?.members ?? []).map((member) => ({
      channel,
      provider: member.provider.name,
      isWell: member.isWell(),
    })),
  )
  return [
    ...Object.entries({ ready, scheduled, active, dead }).map(([state, value]): MetricReading => ({
      name: 'notifications_queued',
      help: 'Notifications in the queue',
      type: 'gauge',
      labels: { state },
      value,
    })),
    ...members.map(({ channel, provider, isWell }): MetricReading => ({
      name: 'notifications_provider_available',
      help: 'Whether a provider is asked, and not left alone because it failed',
      type: 'gauge',
      labels: { channel, provider },
      value: Number(isWell),
    })),
  ]
}
