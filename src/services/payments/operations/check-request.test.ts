import { expect, test } from 'vitest'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { createPayments, money, type PaymentRequest } from '../index.ts'
import { sandbox } from '../providers/sandbox.ts'

const payments = createPayments({ backend: memory(), providers: { sandbox: sandbox() } })
const base = { operationId: 'o', amount: money('50.00', 'EUR') }

test.for<Partial<PaymentRequest>>([
  { paymentMethod: '4242424242424242' },
  { description: 'card 4242 4242 4242 4242 exp 12/30' },
  { description: '4242424242424242 12/30' },
  { description: '1 4242-4242-4242-4242 12 30 123' },
  { description: '４２４２４２４２４２４２４２４２' },
  { description: '3782\u00a0822463\u00a010005' },
  { metadata: { note: 'pan=5555555555554444;' } },
  { metadata: { '6011111111111117': 'x' } },
  { returnUrl: 'https://shop.example/?card=4242424242424242' },
  { operationId: '4242.4242.4242.4242' },
  { receiptEmail: '4242424242424242@shop.example' },
])('a card number is refused wherever it stands, and not repeated: %j', async (more) => {
  await expect(payments.createPaymentIntent({ ...base, ...more })).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.not.stringMatching(/\d{4}/),
  })
})

test.for([
  'Order 1732900000000',
  '4006381333931',
  'IBAN DE89370400440532013000',
  '1Z999AA10123456784',
  '4242 4242 4242 4241',
  '+49 30 901820 +49 30 901821',
])('other numbers are taken: %s', async (description) => {
  const { state } = await payments.createPaymentIntent({
    ...base,
    operationId: description,
    description,
    metadata: { description },
  })
  expect(state).toBe('requires_payment_method')
})
