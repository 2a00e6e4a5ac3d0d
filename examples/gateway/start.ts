import { parseArgs } from 'node:util'
import { rootKey, signInLink, startLocalGateway } from './local-gateway.ts'
import { startReceiver } from './receiver.ts'

const { values } = parseArgs({ options: { port: { type: 'string' } } })
const port = Number(values.port ?? process.env['PORT'] ?? 8787)
if (!Number.isInteger(port) || port < 1 || port > 65_534)
  throw new RangeError('Cannot start gateway: the port is no whole number from 1 to 65534')
const key = rootKey()
// At the next start, the endpoint that was made at this one still finds it there.
const receiver = await startReceiver(({ headers, body }) => {
  console.log(`\nReceived ${headers['webhook-id'] ?? 'a request without an id'}: ${body}`)
  return 204
}, port + 1)
const gateway = await startLocalGateway({
  port,
  key,
  variables: { ALLOW_PRIVATE_RECEIVERS: 'for local development' },
  onOutput: (text) => process.stdout.write(text),
})
const header = `-H 'authorization: Bearer ${key}' -H 'content-type: application/json'`
const link = await signInLink(gateway.url, key)
console.log(`
Gateway   ${gateway.url}
Dashboard ${link}   (lets you in once, within 15 minutes; later sign in with the root key)
Receiver  ${receiver.url}   (prints here what arrives)
Root key  ${key}   (kept in .reuse/root-key, ignored by git)
Reference ${gateway.url}/reference   (and ${gateway.url}/openapi.json)

curl ${gateway.url}/health
curl ${gateway.url}/v1/webhooks/endpoints ${header} -d '{"uid":"here","url":"${receiver.url}","events":["order.*"]}'
curl ${gateway.url}/v1/events ${header} -d '{"type":"order.paid","data":{"id":42}}'
curl ${gateway.url}/v1/jobs/queues/default/jobs ${header} -d '{"name":"deliver","data":{"url":"${receiver.url}","payload":{"hello":"job"}}}'
curl ${gateway.url}/v1/payments ${header} -H 'idempotency-key: order-42' -d '{"amount":{"amount":"49.90","currency":"EUR"},"paymentMethod":"pm_success","confirm":true}'
`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void gateway.stop())
await gateway.ended
await receiver.close()
