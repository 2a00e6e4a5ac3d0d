import { mayAct, type DashboardRole } from '../access/dashboard-user.ts'
import type { DashboardServices } from '../dashboard-services.ts'

/** One entry of the navigation. */
export interface Section {
  readonly name: string
  readonly label: string
  readonly path: string
}

/** The entries for what there is, and may be looked at. */
export function sectionsOf(services: DashboardServices, role: DashboardRole): readonly Section[] {
  const isOperator = mayAct(role, 'operator')
  const { queues, sagas, webhooks, notifications, payments, files } = services
  const { quotas, protection, health, logs } = services
  const all: readonly (Section & { readonly shown: boolean })[] = [
    { name: 'overview', label: 'Overview', path: '', shown: true },
    { name: 'jobs', label: 'Jobs', path: '/jobs', shown: queues !== undefined },
    { name: 'sagas', label: 'Sagas', path: '/sagas', shown: sagas !== undefined },
    { name: 'webhooks', label: 'Webhooks', path: '/webhooks', shown: webhooks !== undefined },
    {
      name: 'notifications',
      label: 'Messages',
      path: '/notifications',
      shown: notifications !== undefined,
    },
    { name: 'payments', label: 'Payments', path: '/payments', shown: payments !== undefined },
    { name: 'storage', label: 'Files', path: '/storage', shown: files !== undefined },
    {
      name: 'limits',
      label: 'Limits',
      path: '/limits',
      shown: quotas !== undefined || protection !== undefined,
    },
    { name: 'health', label: 'Health', path: '/health', shown: health !== undefined },
    { name: 'logs', label: 'Log', path: '/logs', shown: logs !== undefined && isOperator },
    { name: 'audit', label: 'Audit', path: '/audit', shown: isOperator },
    { name: 'settings', label: 'Settings', path: '/settings', shown: true },
  ]
  return all.filter(({ shown }) => shown)
}
