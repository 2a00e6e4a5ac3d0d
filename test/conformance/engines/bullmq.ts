import {
  BullmqVersionError,
  bullmqQueue,
  type ScriptClient,
} from '../../../src/runtime/engines/bullmq/index.ts'
import { scriptEvaluator } from '../../../src/runtime/engines/bullmq/script-client.ts'
import { expectEqual, expectRejection } from '../../../src/runtime/ports/conformance.ts'
import type { Suite } from '../suite.ts'

/** What one queue of BullMQ holds, as texts. */
const LOOK = `
local base = ARGV[1]
local found = { 'wait' }
for _, id in ipairs(redis.call('LRANGE', base .. 'wait', 0, -1)) do found[#found + 1] = '=' .. id end
found[#found + 1] = 'delayed'
for _, id in ipairs(redis.call('ZRANGE', base .. 'delayed', 0, -1)) do found[#found + 1] = '=' .. id end
found[#found + 1] = 'prioritized'
for _, id in ipairs(redis.call('ZRANGE', base .. 'prioritized', 0, -1)) do found[#found + 1] = '=' .. id end
return found`

const SET_VERSION = `redis.call('HSET', ARGV[1] .. 'meta', 'version', ARGV[2]) return { 'set' }`

/**
 * Adding to BullMQ's keys works on every runtime, whatever its client; that BullMQ itself agrees with what is written is shown on
 * Node, beside the source.
 *
 * @param client Handed in, so that this file runs wherever the client does
 */
export function bullmqSuites(
  adapter: 'redis-tcp' | 'redis-upstash',
  client: ScriptClient,
): readonly Suite[] {
  const evaluate = scriptEvaluator(client)
  // A prefix of its own gives each case empty keys on a server that is shared.
  const open = (): { prefix: string; name: string } => ({
    prefix: `law:${crypto.randomUUID()}`,
    name: 'q',
  })
  const baseOf = ({ prefix, name }: { prefix: string; name: string }): string =>
    `${prefix}:${name}:`
  return [
    {
      subject: 'BullMQ producer',
      adapter,
      cases: [
        {
          name: 'jobs are put where BullMQ looks for them, each once',
          async run() {
            const names = open()
            const queue = bullmqQueue({ client, ...names })
            expectEqual(await queue.add('a', { text: 'ü' }), { id: '1', added: true })
            expectEqual(await queue.add('a', 1, { jobId: 'mine' }), { id: 'mine', added: true })
            expectEqual(await queue.add('a', 2, { jobId: 'mine' }), { id: 'mine', added: false })
            await queue.addBulk([
              { name: 'a', data: null, opts: { lifo: true } },
              { name: 'a', data: 1, opts: { delay: 60_000 } },
              { name: 'a', data: 1, opts: { priority: 2 } },
              { name: 'a', data: 1, opts: { priority: 1 } },
            ])
            expectEqual(await evaluate(LOOK, [], [baseOf(names)]), [
              'wait',
              '=mine',
              '=1',
              '=4',
              'delayed',
              '=5',
              'prioritized',
              '=7',
              '=6',
            ])
          },
        },
        {
          name: 'a queue of another BullMQ is refused, and nothing written',
          async run() {
            const names = open()
            await evaluate(SET_VERSION, [], [baseOf(names), 'bullmq:7.1.0'])
            const queue = bullmqQueue({ client, ...names })
            await expectRejection(
              () => queue.add('a', 1),
              (error) => error instanceof BullmqVersionError && error.version === 'bullmq:7.1.0',
              'a BullmqVersionError',
            )
            expectEqual(await evaluate(LOOK, [], [baseOf(names)]), [
              'wait',
              'delayed',
              'prioritized',
            ])
          },
        },
      ],
    },
  ]
}
