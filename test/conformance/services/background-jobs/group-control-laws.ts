import {
  expectEqual,
  expectRejection,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import { defineJob } from '../../../../src/services/background-jobs/index.ts'
import { queueOn, type JobQueueHarness } from './job-queue-harness.ts'

/** What a queue promises of one group at run time. */
export const groupControlLaws: readonly Law<JobQueueHarness>[] = [
  {
    name: 'group() pauses, resumes and limits the jobs of one key, for every process',
    async run(harness) {
      const backend = await harness.open()
      const ran: string[] = []
      const process = () =>
        queueOn(backend, harness, {
          import: defineJob({
            concurrency: { limit: 5, key: (data) => String(data).slice(0, 1) },
            run: ({ data }) => void ran.push(String(data)),
          }),
        })
      const [here, there] = [process(), process()]
      const tenant = here.group('import', 'a')
      expectEqual([await tenant.pause(), await tenant.pause()], [true, false])
      await there.addBulk(['a1', 'b1', 'a2'].map((data) => ({ name: 'import' as const, data })))
      await there.drain()
      expectEqual(ran, ['b1'])
      expectEqual(await there.group('import', 'a').read(), {
        ...{ paused: true, limit: null, admitted: 0, held: 2 },
      })
      expectEqual([await tenant.limit(1), await tenant.resume()], [true, true])
      expectEqual((await tenant.read()).held, 1)
      await there.drain()
      expectEqual(ran, ['b1', 'a1', 'a2'])
      expectEqual([await tenant.limit(null), await tenant.limit(null)], [true, false])
    },
  },
  {
    name: 'group() of a kind without a key is all its jobs; one without groups is refused',
    async run(harness) {
      const queue = queueOn(await harness.open(), harness, {
        all: defineJob({ concurrency: { limit: 2 }, run: () => undefined }),
        none: defineJob({ run: () => undefined }),
      })
      await queue.group('all').pause()
      await queue.add('all', 1)
      expectEqual([await queue.drain(), (await queue.counts()).held], [0, 1])
      await queue.group('all').resume()
      expectEqual(await queue.drain(), 1)
      const refused = (act: () => unknown, kind: new () => Error) =>
        expectRejection(
          async () => act(),
          (error) => error instanceof kind,
          'the group to be refused',
        )
      await refused(() => queue.group('none'), TypeError)
      for (const limit of [0, 1.5, 1001, undefined as never])
        await refused(() => queue.group('all').limit(limit), RangeError)
    },
  },
]
