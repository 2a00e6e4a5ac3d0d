import { expectEqual, type Law } from '../../conformance.ts'
import { addOne, claim, job, kept, LEASE_MS, settle, type JobStoreHarness } from './law-steps.ts'

/** What becomes of jobs whose workers disappear. */
export const crashLaws: readonly Law<JobStoreHarness>[] = [
  {
    name: 'maxCrashes counts lost leases apart: they spend no attempt, and one too many makes the job dead',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      const id = await addOne(queue, job('n', { ...kept, maxAttempts: 2, maxCrashes: 2 }))
      const lose = async (): Promise<readonly (number | undefined)[]> => {
        const [held] = await claim(queue, 1)
        await advance(LEASE_MS)
        await queue.exchange({})
        return [held?.attempt, held?.crashes]
      }
      expectEqual(
        [await lose(), await lose()],
        [
          [1, undefined],
          [1, 1],
        ],
      )
      expectEqual((await queue.get(id))?.crashes, 2)
      // What is given back says nothing of the job, a failed attempt begins anew.
      const [given] = await claim(queue, 1)
      await settle(queue, given, { to: 'scheduled', delayMs: 0, refund: true })
      const [third] = await claim(queue, 1)
      expectEqual([given?.crashes, third?.attempt, third?.crashes], [2, 1, 2])
      await settle(queue, third, { to: 'scheduled', delayMs: 0, error: 'x' })
      expectEqual(
        [await lose(), await lose()],
        [
          [2, undefined],
          [2, 1],
        ],
      )
      expectEqual(await lose(), [2, 2])
      const dead = await queue.get(id)
      expectEqual(
        [dead?.state, (dead?.lastError as { code?: string } | null)?.code],
        ['dead', 'lease_lost'],
      )
      // All of both again by hand, and for one that takes the place of another.
      await queue.command({ type: 'retry', ids: [id] })
      expectEqual([await lose(), (await queue.get(id))?.crashes], [[1, undefined], 1])
      await queue.add([{ ...job('new', { maxCrashes: 0, ...kept }), id, replace: true }])
      expectEqual(await lose(), [1, undefined])
      expectEqual((await queue.get(id))?.state, 'dead')
    },
  },
]
