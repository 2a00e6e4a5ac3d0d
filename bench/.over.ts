import { mkdtempSync } from 'node:fs'
const { createWebhooks } = await import('@white-cross/reuse/infrastructure/webhooks')
const { memory } = await import('@white-cross/reuse/infrastructure/runtime/memory')
const { sqlite } = await import('@white-cross/reuse/infrastructure/runtime/sqlite')
const { startReceiver } = await import('/work/main/bench/webhook-receiver.ts')
const E = 20,
  V = 100,
  C = 64,
  N = E * V
const DATA = { note: 'x'.repeat(480) }
const kinds = (process.argv[2] ?? 'fake,bare,full,lite').split(',')
const receiver = await startReceiver()
const answer = async () => new Response(null, { status: 204 })
function cpu(f: () => Promise<unknown>) {
  return async () => {
    const a = process.cpuUsage()
    const t = performance.now()
    await f()
    const b = process.cpuUsage(a)
    return [(b.user + b.system) / N, ((performance.now() - t) * 1000) / N]
  }
}
const mem = memory(),
  lite = sqlite(mkdtempSync('/tmp/over-') + '/a.db')
let r = 0
async function deliver(backend: any, fetch: any) {
  const tenant = `r${r++}`
  const w = createWebhooks({
    backend,
    outbound: { allowPrivateNetworks: 'for local development' },
    ...(fetch && { fetch }),
  })
  for (let i = 0; i < E; i++) await w.endpoints.create({ tenant, url: `${receiver.url}/${i}` })
  await w.publish({ tenant, type: 'order.paid', data: DATA })
  await w.drain({ concurrency: C })
  for (let i = 0; i < V; i++) await w.publish({ tenant, type: 'order.paid', data: DATA })
  return cpu(() => w.drain({ concurrency: C }))()
}
const body = new TextEncoder().encode(
  JSON.stringify({ type: 'order.paid', timestamp: new Date().toISOString(), data: DATA }),
)
const bare = cpu(async () => {
  let left = N
  await Promise.all(
    Array.from({ length: C }, async () => {
      while (left-- > 0)
        await fetch(receiver.url + '/x', {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'user-agent': 'bare',
            'webhook-id': 'evt_1234567890',
            'webhook-timestamp': '1780000000',
            'webhook-signature': 'v1,MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqrTwjUPD8ILPZ=',
          },
          body,
          redirect: 'manual',
        })
    }),
  )
})
const all: any = {
  fake: () => deliver(mem, answer),
  bare,
  full: () => deliver(mem, null),
  lite: () => deliver(lite, answer),
  litefull: () => deliver(lite, null),
}
const res: any = {}
for (let i = 0; i < Number(process.argv[3] ?? 6); i++)
  for (const k of kinds) {
    const v = await all[k]()
    if (i > 1) (res[k] ??= []).push(v)
  }
const med = (x: number[]) => x.sort((a, b) => a - b)[x.length >> 1].toFixed(0)
for (const k of kinds)
  console.log(
    k.padEnd(9),
    'cpu us/op',
    med(res[k].map((v: any) => v[0])),
    'wall us/op',
    med(res[k].map((v: any) => v[1])),
  )
await receiver.stop()
lite.close()
