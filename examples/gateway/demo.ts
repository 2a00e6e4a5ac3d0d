import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { newRootKey, startLocalGateway, type LocalGateway } from './local-gateway.ts'
import { startReceiver } from './receiver.ts'

const folder = mkdtempSync(join(tmpdir(), 'reuse-demo-'))
const key = newRootKey()
const settings = {
  key,
  stateFolder: folder,
  // A second or two instead of minutes, and a receiver on this machine.
  variables: {
    RETRY_DELAYS_MS: '1000,2000,2000,2000',
    ATTEMPT_TIMEOUT_MS: '1500',
    ALLOW_PRIVATE_RECEIVERS: 'for local development',
  },
}
const receiver = await startReceiver(({ number }) =>
  number === 1 ? 500 : number === 2 ? 'never' : 204,
)
let gateway: LocalGateway | undefined

try {
  say('Starting the gateway in local workerd')
  gateway = await startLocalGateway(settings)
  const endpoint = await post(gateway, '/v1/webhooks/endpoints', {
    url: receiver.url,
    events: ['order.*'],
  })
  say(`Endpoint made: ${endpoint['id']}, its secret is shown once`)

  const event = await post(gateway, '/v1/events', {
    type: 'order.paid',
    data: { order: 42, total: 99.5 },
  })
  say(`Event accepted: ${event['id']}`)
  await receiver.request(1)
  say('Attempt 1: the receiver answered 500')
  const name = `${event['id']}:${endpoint['id']}`
  await deliveryWith(gateway, name, ({ attempts }) => attempts === 2)
  say('Attempt 2: the receiver never answered, the attempt timed out')

  await gateway.kill()
  say('Gateway killed (SIGKILL), with attempt 3 still to come')
  gateway = await startLocalGateway(settings)
  say('Gateway back, on the same disk')

  const { headers, body } = await receiver.request(3)
  say('Attempt 3: the receiver answered 204')
  new Webhook(String(endpoint['secret'])).verify(body, headers)
  say('Signature verified by the receiver with the official library')

  const delivery = await deliveryWith(gateway, name, ({ state }) => state === 'delivered')
  say(`Delivery ${delivery['id']} is ${delivery['state']} after ${delivery['attempts']} attempts`)
  console.log(JSON.stringify(delivery, null, 2))
} finally {
  await gateway?.stop()
  await receiver.close()
  rmSync(folder, { recursive: true, force: true })
}

function say(what: string): void {
  console.log(`• ${what}`)
}

async function post(
  to: LocalGateway,
  path: string,
  body: unknown,
): Promise<Record<string, unknown>> {
  return call(to, path, { method: 'POST', body: JSON.stringify(body) })
}

async function call(
  to: LocalGateway,
  path: string,
  init: RequestInit = {},
): Promise<Record<string, unknown>> {
  const response = await fetch(to.url + path, {
    ...init,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  })
  const answer: unknown = await response.json()
  if (!response.ok)
    throw new Error(`${path} answered ${response.status}: ${JSON.stringify(answer)}`)
  // Every route that the demo calls answers with an object.
  return answer as Record<string, unknown>
}

/** Asks for a delivery until it is as wanted, 100 times at most: the receiver knows of an attempt before the gateway has recorded it. */
async function deliveryWith(
  from: LocalGateway,
  id: string,
  wanted: (delivery: Record<string, unknown>) => boolean,
): Promise<Record<string, unknown>> {
  for (let look = 0; look < 100; look++) {
    const delivery = await call(from, `/v1/deliveries/${id}`)
    if (wanted(delivery)) return delivery
    await new Promise((done) => setTimeout(done, 100))
  }
  throw new Error(`Delivery ${id} did not become what it should`)
}
