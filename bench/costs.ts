import { join } from 'node:path'
import { redis } from '@white-cross/reuse/infrastructure/runtime/redis'
import { Redis } from 'ioredis'
import { costUnits } from './cost-units.ts'
import { startRedis } from './redis-server.ts'
import { serveWorkers } from './serve-workers.ts'

/** Enough for what is done once to weigh nothing. */
const COUNT = 1000
/** What was done before the counting, so that tables, scripts and alarms are there. */
const WARM_UP = 20
const QUIET_MS = 1500

/** What a Durable Object was billed for. */
interface Used {
  readonly rowsWritten: number
  readonly rowsRead: number
  readonly requests: number
}

/** @returns The Markdown of what each unit takes of what is billed */
export async function measure(machine: string): Promise<string> {
  const [objects, commands] = [await onDurableObjects(), await onRedis()]
  const lines = [...objects].map(([name, { rowsWritten, rowsRead, requests }]) => {
    const cells = [rowsWritten, rowsRead, requests, commands.get(name) ?? 0].map((sum) =>
      (sum / COUNT).toFixed(2),
    )
    return `| ${[name, ...cells].join(' | ')} |`
  })
  return `## What is billed for

Each done ${COUNT} times, one after the other, once the tables and scripts are there; jobs and deliveries to their end, by the alarm's runner on Durable Objects and by \`run()\` over Redis. Counted, not timed: rows as the storage of local workerd tells them, alarms set among them; requests to objects, alarms among them; commands as a client sends them, each a script that runs several inside.

| | rows written | rows read | requests to objects | Redis commands |
|---|---:|---:|---:|---:|
${lines.join('\n')}

Measured on ${machine}.
`
}

async function onDurableObjects(): Promise<Map<string, Used>> {
  const served = await serveWorkers([
    { name: 'costs', entry: join(import.meta.dirname, 'workers/costs.worker.ts') },
  ])
  try {
    // The Worker answers in these forms.
    const ask = async <Answer>(path: string): Promise<Answer> => {
      const response = await fetch(`${served.url('costs')}${path}`)
      if (!response.ok) throw new Error(`Cannot measure: ${await response.text()}`)
      return (await response.json()) as Answer
    }
    const settled = async (): Promise<Used> => {
      for (let before = await ask<Used>('used'); ;) {
        await new Promise((resolve) => void setTimeout(resolve, QUIET_MS))
        const now = await ask<Used>('used')
        if (now.requests === before.requests) return now
        before = now
      }
    }
    const costs = new Map<string, Used>()
    for (const [unit, name] of (await ask<string[]>('units')).entries()) {
      await ask(`run?unit=${unit}&count=${WARM_UP}`)
      const before = await settled()
      await ask(`run?unit=${unit}&count=${COUNT}`)
      const after = await settled()
      costs.set(name, {
        rowsWritten: after.rowsWritten - before.rowsWritten,
        rowsRead: after.rowsRead - before.rowsRead,
        requests: after.requests - before.requests,
      })
    }
    return costs
  } finally {
    await served.stop()
  }
}

async function onRedis(): Promise<Map<string, number>> {
  const server = await startRedis()
  const [client, admin] = [new Redis(server.port), new Redis(server.port)]
  try {
    const { units, workers } = costUnits(redis(client))
    const drain = (): Promise<unknown> =>
      Promise.all(workers.map((worker) => worker.drain({ concurrency: 50 })))
    const costs = new Map<string, number>()
    for (const { name, run } of units) {
      await run(WARM_UP)
      await drain()
      await admin.config('RESETSTAT')
      await run(COUNT)
      await drain()
      const stats = await admin.info('commandstats')
      const sent = [...stats.matchAll(/^cmdstat_(?:eval|evalsha):calls=(\d+)/gm)]
      costs.set(
        name,
        sent.reduce((sum, [, calls]) => sum + Number(calls), 0),
      )
    }
    return costs
  } finally {
    client.disconnect()
    admin.disconnect()
    await server.stop()
  }
}
