import { afterEach, expect, test } from 'vitest'
import { configureInfrastructure } from './configure-infrastructure.ts'
import * as Infrastructure from './infrastructure.ts'
import { memory } from './runtime/backends/memory/index.ts'
import { configurePayments } from './services/payments/index.ts'
import { sandbox } from './services/payments/providers/sandbox.ts'
import { configureWebhooks } from './services/webhooks/index.ts'

afterEach(() => {
  configurePayments(undefined)
  configureWebhooks(undefined)
})

const request = {
  operationId: 'o',
  amount: Infrastructure.money('1.00', 'EUR'),
  paymentMethod: 'pm_success',
  confirm: true,
}

test('the free functions of payments say what is missing, and act on what was configured', async () => {
  await expect(Infrastructure.createPaymentIntent(request)).rejects.toMatchObject({
    code: 'not_configured',
    message: expect.stringContaining('configureInfrastructure({ payments'),
  })
  for (const payments of [{ sandbox: sandbox() }, { providers: { sandbox: sandbox() } }]) {
    configureInfrastructure({ backend: memory(), payments })
    expect((await Infrastructure.createPaymentIntent(request)).state).toBe('succeeded')
  }
})
