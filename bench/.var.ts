const { startReceiver } = await import('/work/main/bench/webhook-receiver.ts')
const receiver = await startReceiver()
const N = 2000,
  C = 64
const DATA = { note: 'x'.repeat(480) }
const body = new TextEncoder().encode(
  JSON.stringify({ type: 'order.paid', timestamp: new Date().toISOString(), data: DATA }),
)
const headers = {
  'content-type': 'application/json',
  'user-agent': 'bare',
  'webhook-id': 'evt_1234567890',
  'webhook-timestamp': '1780000000',
  'webhook-signature': 'v1,MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqrTwjUPD8ILPZ=',
}
const f = (extra: any = {}) =>
  fetch(receiver.url + '/x', { method: 'POST', headers, body, redirect: 'manual', ...extra })
const kinds: any = {
  bare: () => f(),
  signal: () => f({ signal: new AbortController().signal }),
  timer: async () => {
    const t = setTimeout(() => {}, 15000)
    await f()
    clearTimeout(t)
  },
  yields: async () => {
    for (let i = 0; i < 30; i++) await null
    await f()
  },
}
const res: any = {}
for (let i = 0; i < 8; i++)
  for (const k of Object.keys(kinds)) {
    const a = process.cpuUsage()
    let left = N
    await Promise.all(
      Array.from({ length: C }, async () => {
        while (left-- > 0) await kinds[k]()
      }),
    )
    const b = process.cpuUsage(a)
    if (i > 1) (res[k] ??= []).push((b.user + b.system) / N)
  }
for (const k of Object.keys(kinds))
  console.log(k, res[k].sort((a: number, b: number) => a - b)[3].toFixed(0))
await receiver.stop()
