import { expect, test } from 'vitest'
import { createClient } from './create-client.ts'

test('a payment’s operation id is the idempotency key of its call, unless another one is given', async () => {
  const keys: (string | null)[] = []
  const client = createClient({
    baseUrl: 'https://gateway.example',
    apiKey: 'key',
    fetch: async (_url, init) => {
      keys.push(new Headers(init?.headers).get('idempotency-key'))
      return Response.json({})
    },
  })
  const amount = { amount: '1.00', currency: 'EUR' }
  await client.payments.create({ amount, operationId: 'order-42' })
  await client.payments.create({ amount }, { idempotencyKey: 'mine' })
  await client.payments.create({ amount })
  expect(keys.slice(0, 2)).toEqual(['order-42', 'mine'])
  expect(keys[2]).toMatch(/^[0-9a-f]{32}$/)
})
