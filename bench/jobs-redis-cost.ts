import { redis } from '@white-cross/reuse/infrastructure/runtime/redis'
import { Redis } from 'ioredis'
import { bullmqBurnDown, CONCURRENCY, JOBS } from './bullmq.ts'
import { median, type Contender } from './compare.ts'
import { startRedis } from './redis-server.ts'
import { reuseBurnDown } from './reuse-jobs.ts'

const ROUNDS = 7

/** What a job costs, whatever else the machine does. */
interface Cost {
  readonly client: number
  readonly server: number
  readonly commands: number
}

/** Measures a job by CPU time, which other work on the machine changes little. @returns Markdown */
export async function measure(machine: string): Promise<string> {
  const server = await startRedis()
  const client = new Redis({ host: '127.0.0.1', port: server.port })
  const admin = new Redis({ host: '127.0.0.1', port: server.port })
  try {
    const sides = [reuseBurnDown('Redis job store', redis(client)), bullmqBurnDown(server.port)]
    const costs = sides.map((): Cost[] => [])
    for (let round = -1; round < ROUNDS; round++)
      for (const [index, side] of sides.entries()) {
        const cost = await costOf(side, admin)
        if (round >= 0) costs[index]?.push(cost)
      }
    const rows = sides.map(({ name }, index) => {
      const of = (part: keyof Cost): number =>
        median((costs[index] ?? []).map((cost) => cost[part]))
      return { name, client: of('client'), server: of('server'), commands: of('commands') }
    })
    const [ours, peer] = rows
    const ratio =
      ((peer?.client ?? 0) + (peer?.server ?? 0)) / ((ours?.client ?? 0) + (ours?.server ?? 0))
    return [
      '## Jobs: what one costs on Redis, by CPU time',
      '',
      `${JOBS} jobs with a 120-byte payload, added by 500, run by a handler that does nothing and removed when complete; microseconds of CPU a job, of this process and of the server's main thread, and commands that are sent: the median of ${ROUNDS} rounds, in turns. One Redis 7 on loopback with appendfsync everysec; ioredis 6 on both sides. Concurrency ${CONCURRENCY}.`,
      '',
      '| | client µs | server µs | commands |',
      '|---|---:|---:|---:|',
      ...rows.map(
        (row) =>
          `| ${row.name} | ${row.client.toFixed(1)} | ${row.server.toFixed(1)} | ${row.commands.toFixed(3)} |`,
      ),
      '',
      `BullMQ takes ${ratio.toFixed(2)} times the CPU.`,
      '',
      `Measured on ${machine}.`,
      '',
    ].join('\n')
  } finally {
    client.disconnect()
    admin.disconnect()
    await server.stop()
  }
}

async function costOf(side: Contender, admin: Redis): Promise<Cost> {
  const [before, own] = [await serverOf(admin), process.cpuUsage()]
  await side.round()
  const { user, system } = process.cpuUsage(own)
  const after = await serverOf(admin)
  return {
    client: (user + system) / JOBS,
    server: (after.micros - before.micros) / JOBS,
    commands: (after.commands - before.commands) / JOBS,
  }
}

async function serverOf(
  admin: Redis,
): Promise<{ readonly micros: number; readonly commands: number }> {
  const [cpu, stats] = [await admin.info('cpu'), await admin.info('commandstats')]
  const seconds = (name: string): number => Number(new RegExp(`${name}:([\\d.]+)`).exec(cpu)?.[1])
  const micros = (seconds('used_cpu_user_main_thread') + seconds('used_cpu_sys_main_thread')) * 1e6
  // What scripts call stands in the statistics, too: what a client sends is a script.
  const commands = [...stats.matchAll(/cmdstat_evalsha?:calls=(\d+)/g)]
  return { micros, commands: commands.reduce((sum, [, calls]) => sum + Number(calls), 0) }
}
