import { rootKey, startLocalGateway } from './local-gateway.ts'

const key = rootKey()
const gateway = await startLocalGateway({
  port: Number(process.env['PORT'] ?? 8787),
  key,
  onOutput: (text) => process.stdout.write(text),
})
const header = `-H 'authorization: Bearer ${key}' -H 'content-type: application/json'`
console.log(`
Gateway   ${gateway.url}
Root key  ${key}   (kept in .reuse/root-key, ignored by git)

curl ${gateway.url}/health
curl ${gateway.url}/v1/webhooks/endpoints ${header} -d '{"url":"https://example.com/hook","events":["order.*"]}'
curl ${gateway.url}/v1/events ${header} -d '{"type":"order.paid","data":{"id":42}}'
`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void gateway.stop())
await gateway.ended
