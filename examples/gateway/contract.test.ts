import * as z from 'zod/mini'
import { expect, test, vi } from 'vitest'

test('no schema of the contract is made before an operation is used, and each once', async () => {
  const named: unknown[] = []
  const registry = vi
    .spyOn(z.globalRegistry, 'add')
    .mockImplementation((_schema, meta: { readonly id?: string | undefined } = {}) => {
      named.push(...(meta.id === undefined ? [] : [meta.id]))
      return z.globalRegistry
    })
  // Other tests of this process may have used the contract.
  vi.resetModules()
  const { getPayment } = await import('./contract/payments.ts')
  await Promise.all([
    import('./contract/access.ts'),
    import('./contract/deliveries.ts'),
    import('./contract/disputes.ts'),
    import('./contract/files.ts'),
    import('./contract/jobs.ts'),
    import('./contract/listeners.ts'),
    import('./contract/notifications.ts'),
    import('./contract/operations.ts'),
    import('./contract/sagas.ts'),
    import('./contract/schedules.ts'),
    import('./contract/subscriptions.ts'),
    import('./contract/webhooks.ts'),
  ])
  expect(named).toEqual([])
  const { answers, query } = getPayment
  expect(named).toEqual(['Money', 'NextAction', 'Payment'])
  expect(getPayment.query).toBe(query)
  expect(getPayment.answers).toBe(answers)
  expect(named).toHaveLength(3)
  vi.resetModules()
  registry.mockRestore()
})
