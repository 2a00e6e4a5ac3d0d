import { expectEqual, expectRejection, type Law } from '../../conformance.ts'
import type { NewJob } from '../job-store.ts'
import { claim, claimNames, job, LEASE_MS, settle, type JobStoreHarness } from './law-steps.ts'

/** What an operator can ask of one group while the queue is worked. */
export const groupControlLaws: readonly Law<JobStoreHarness>[] = [
  {
    name: 'a paused group hands out nothing while others go on, and goes on in order when resumed',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([grouped('a1'), grouped('a2'), grouped('a3'), job('plain')])
      const [a1] = await claim(queue, 1)
      expectEqual(a1?.name, 'a1')
      expectEqual(await queue.command({ type: 'group', key: 'a', paused: true }), 1)
      const [plain, ...none] = await claim(queue, 2)
      expectEqual([plain?.name, none], ['plain', []])
      await settle(queue, plain, { to: 'completed' })
      expectEqual(await queue.group('a'), { paused: true, limit: null, admitted: 1, held: 2 })
      expectEqual((await settle(queue, a1, { to: 'completed' })).settled, ['settled'])
      const idle = await queue.exchange({ claim: { limit: 5, leaseMs: LEASE_MS } })
      expectEqual([idle.claimed, idle.wakeInMs], [[], null])
      expectEqual(await queue.command({ type: 'group', key: 'a', paused: false }), 1)
      expectEqual(await claimNames(queue, 5), ['a2', 'a3'])
    },
  },
  {
    name: 'a group is paused before it has jobs, and stays so without any',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.command({ type: 'group', key: 'a', paused: true })
      await queue.add([grouped('a1'), grouped('a2')])
      expectEqual(await claimNames(queue, 5), [])
      expectEqual((await queue.counts()).held, 2)
      await queue.command({ type: 'purge', state: 'held', limit: 10 })
      expectEqual(await queue.group('a'), { paused: true, limit: null, admitted: 0, held: 0 })
      await queue.add([grouped('a3')])
      expectEqual(await claimNames(queue, 5), [])
    },
  },
  {
    name: 'a lowered limit holds what was ready beyond it, in order, and lets running jobs be',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add(['a1', 'a2', 'a3', 'a4', 'a5'].map((name) => grouped(name, 5)))
      const [a1] = await claim(queue, 1)
      await queue.command({ type: 'group', key: 'a', limit: 2 })
      const [a2, ...none] = await claim(queue, 10)
      expectEqual([a2?.name, none], ['a2', []])
      expectEqual(await queue.group('a'), { paused: false, limit: 2, admitted: 2, held: 3 })
      await settle(queue, a2, { to: 'completed' })
      expectEqual(await claimNames(queue, 10), ['a3'])
      await queue.command({ type: 'group', key: 'a', limit: 1 })
      await settle(queue, a1, { to: 'completed' })
      expectEqual(await claimNames(queue, 10), [])
    },
  },
  {
    name: 'a raised limit lets held jobs in at once, no limit those that their own allows',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add(['a1', 'a2', 'a3', 'a4'].map((name) => grouped(name, 1)))
      expectEqual(await claimNames(queue, 10), ['a1'])
      await queue.command({ type: 'group', key: 'a', limit: 3 })
      expectEqual((await queue.exchange({})).wakeInMs, 0)
      const claimed = await claim(queue, 10)
      expectEqual(
        claimed.map(({ name }) => name),
        ['a2', 'a3'],
      )
      await queue.command({ type: 'group', key: 'a', limit: null })
      for (const held of claimed) await settle(queue, held, { to: 'completed' })
      expectEqual(await queue.group('a'), { paused: false, limit: null, admitted: 1, held: 1 })
    },
  },
  {
    name: 'what is asked of one group changes nothing for others, and said again nothing at all',
    async run({ open }) {
      const queue = (await open()).queue('q')
      expectEqual(await queue.command({ type: 'group', key: 'a' }), 0)
      expectEqual(await queue.command({ type: 'group', key: 'a', paused: false, limit: null }), 0)
      expectEqual(await queue.command({ type: 'group', key: 'a', paused: true }), 1)
      expectEqual(await queue.command({ type: 'group', key: 'a', limit: 7 }), 1)
      expectEqual(await queue.command({ type: 'group', key: 'a', paused: true, limit: 7 }), 0)
      expectEqual(await queue.group('a'), { paused: true, limit: 7, admitted: 0, held: 0 })
      expectEqual(await queue.group('b'), { paused: false, limit: null, admitted: 0, held: 0 })
      await queue.add([grouped('b1', 1, 'b'), grouped('c1', 1, 'a ')])
      expectEqual(await claimNames(queue, 10), ['b1', 'c1'])
    },
  },
  {
    name: 'a job that comes back to a paused group waits there, whatever brought it',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      await queue.add(['a1', 'a2', 'a3'].map((name) => ({ ...grouped(name, 3), maxAttempts: 9 })))
      const [lost, failed, dead] = await claim(queue, 3)
      await queue.command({ type: 'group', key: 'a', paused: true })
      await settle(queue, failed, { to: 'scheduled', delayMs: 0 })
      await settle(queue, dead, { to: 'dead', error: 'broken' })
      await queue.command({ type: 'retry', ids: [dead?.id ?? ''] })
      await advance(LEASE_MS + 1)
      expectEqual(await claimNames(queue, 10), [])
      expectEqual((await queue.group('a')).held, 3)
      await queue.command({ type: 'group', key: 'a', paused: false })
      expectEqual((await claimNames(queue, 10)).toSorted(), ['a1', 'a2', 'a3'])
      expectEqual(lost?.name, 'a1')
    },
  },
  {
    name: 'a limit of all groups of a prefix stands for those of their jobs, lowered, raised and taken away',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const limit = (limit: number | null, prefix = 'k:') =>
        queue.command({ type: 'groups', prefix, limit })
      const added = ['k:', 'k:x', 'other'].flatMap((key) =>
        Array.from({ length: 6 }, (_, at) => grouped(`${key} ${at}`, 2, key)),
      )
      await queue.add(added)
      expectEqual([await limit(1), await limit(1)], [1, 0])
      expectEqual(await claimNames(queue, 20), ['k: 0', 'k:x 0', 'other 0', 'other 1'])
      expectEqual(await queue.group('k:'), { ...FREE, admitted: 1, held: 5 })
      expectEqual(await limit(3), 1)
      expectEqual((await queue.exchange({})).wakeInMs, 0)
      expectEqual((await claimNames(queue, 20)).toSorted(), ['k: 1', 'k: 2', 'k:x 1', 'k:x 2'])
      // The longest prefix counts, and what was asked of the group above all.
      await limit(4, 'k:x')
      expectEqual(await claimNames(queue, 20), ['k:x 3'])
      await queue.command({ type: 'group', key: 'k:x', limit: 5 })
      expectEqual(await claimNames(queue, 20), ['k:x 4'])
      await limit(null, 'k:x')
      expectEqual([await limit(null), await limit(null)], [1, 0])
      expectEqual(await queue.group('k:'), { ...FREE, admitted: 3, held: 3 })
    },
  },
  {
    name: 'a limit of groups holds for jobs that are added later, with more or with less of their own',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const prefix = '\u0001語%:'
      await queue.command({ type: 'groups', prefix, limit: 2 })
      for (const own of [1, 9])
        await queue.add(['1', '2', '3'].map((name) => grouped(name, own, `${prefix}${own}`)))
      await queue.add([grouped('u', 1, '語'), grouped('v', 1, '語')])
      expectEqual(await claimNames(queue, 20), ['1', '2', '1', '2', 'u'])
    },
  },
  {
    name: 'surplus that runs when the limit of its groups is lowered goes on, and nothing starts beside it',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add(['1', '2', '3', '4'].map((name) => grouped(name, 3, 'k:x')))
      const [first, second] = await claim(queue, 2)
      await queue.command({ type: 'groups', prefix: 'k:', limit: 1 })
      expectEqual(await claimNames(queue, 5), [])
      await settle(queue, first, { to: 'completed' })
      expectEqual(await claimNames(queue, 5), [])
      await settle(queue, second, { to: 'completed' })
      expectEqual(await claimNames(queue, 5), ['3'])
    },
  },
  {
    name: 'group commands refuse keys and limits that no group can have',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const refused = (act: () => unknown, what: string) =>
        expectRejection(act, (error) => error instanceof RangeError, `${what} to be refused`)
      for (const key of ['', 'k'.repeat(257), '\ud800'])
        await refused(() => queue.command({ type: 'group', key, paused: true }), 'the key')
      for (const limit of [0, 1001, 1.5, Number.NaN])
        for (const command of [
          { type: 'group', key: 'a', limit },
          { type: 'groups', prefix: 'a', limit },
        ] as const)
          await refused(() => queue.command(command), `limit ${limit}`)
      await refused(() => queue.command({ type: 'groups', prefix: '', limit: 1 }), 'no prefix')
      await refused(() => queue.group(''), 'an empty key')
      const key = '語'.repeat(256)
      await queue.command({ type: 'group', key, paused: true })
      expectEqual((await queue.group(key)).paused, true)
    },
  },
]

const FREE = { paused: false, limit: null }

function grouped(name: string, limit = 5, key = 'a'): NewJob {
  return job(name, { group: { key, limit } })
}
