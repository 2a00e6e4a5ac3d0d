import { expectTrue, type Law } from '../../src/runtime/ports/conformance.ts'
import { fillQueue, GROWTH_STEPS, HALVINGS } from '../costs/growth-steps.ts'
import { makeTables, type ObjectBench } from './workerd-object-bench.ts'

const FEW = 200

/** What a Durable Object reads and writes does not grow with what waits in it: both are paid for. */
export const growthLaws: readonly Law<ObjectBench>[] = [
  {
    name: 'ten times as many jobs cost an object no more rows read or written',
    async run({ open }) {
      const costs: number[][] = []
      for (const n of [FEW, 10 * FEW]) {
        const { queue, object } = open({ in: 'RunnerlessInfrastructureObject' })
        await makeTables(queue)
        await fillQueue(queue, n)
        const row: number[] = []
        for (const { run } of GROWTH_STEPS) {
          const before = await object().meter()
          await run(queue)
          const after = await object().meter()
          row.push(after.rowsRead - before.rowsRead + after.rows - before.rows)
        }
        costs.push(row)
      }
      for (const [index, { name }] of GROWTH_STEPS.entries()) {
        const [few = 0, many = Infinity] = costs.map((row) => row[index])
        expectTrue(many <= few + HALVINGS, `${name}: ${few} rows with few jobs, got ${many}`)
      }
    },
  },
]
