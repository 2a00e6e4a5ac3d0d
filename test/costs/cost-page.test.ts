import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { costUnits } from '../../bench/cost-units.ts'
import { redis } from '../../src/runtime/backends/redis/index.ts'
import { useRedis } from '../support/use-redis.ts'

const root = join(import.meta.dirname, '../..')
/** The rows of `docs/costs.md`, by what was measured for them. */
const PAGE_ROWS: Readonly<Record<string, string>> = {
  'jobs, added alone': 'a job, added alone',
  'jobs, added by 500': 'a job, added with 499 others',
  'events that one endpoint gets': 'an event that one endpoint gets',
  'decisions of a rate limit, allowed': 'a decision of GCRA',
  'slots taken and given back': 'a slot taken and given back',
  'locks taken and given back': 'a lock taken and given back',
  'e-mails, sent and tracked': 'an e-mail sent',
  'payments, created and confirmed at once': 'a payment, created and confirmed at once',
}
/** Dollars: a million rows written, rows read, requests to objects, and commands of Upstash. */
const PRICES = { rowsWritten: 1, rowsRead: 0.001, requests: 0.15, commands: 2 } as const
const COUNT = 100
const WARM_UP = 20

const used = useRedis()
const page = readFileSync(join(root, 'docs/costs.md'), 'utf8')
const measured = new Map(
  rowsOf(readFileSync(join(root, 'bench/results/costs.md'), 'utf8')).map(
    ([name = '', rowsWritten, rowsRead, requests, commands]) => [
      name,
      {
        rowsWritten: Number(rowsWritten),
        rowsRead: Number(rowsRead),
        requests: Number(requests),
        commands: Number(commands),
      },
    ],
  ),
)

test('the page of costs says the prices that it reckons with', () => {
  for (const price of ['$1.00 a million', '$0.15', '$0.001', '$0.20 a 100,000'])
    expect(page).toContain(price)
})

test.for(Object.entries(PAGE_ROWS))('the costs of %s follow from what was measured', (pair) => {
  const [name, unit] = pair
  const [, ...cells] = rowsOf(page).find(([first]) => first === name) ?? []
  const [rowsWritten, requests, objects, commands, upstash] = cells.map((cell) =>
    Number(cell.replace('$', '')),
  )
  const was = measured.get(unit)
  if (was === undefined) throw new Error(`Nothing was measured as ${unit}`)
  const onObjects =
    was.rowsWritten * PRICES.rowsWritten +
    was.rowsRead * PRICES.rowsRead +
    was.requests * PRICES.requests
  isAbout(rowsWritten, was.rowsWritten)
  isAbout(requests, was.requests)
  isAbout(commands, was.commands)
  isAbout(objects, onObjects)
  isAbout(upstash, was.commands * PRICES.commands)
})

test('commands over Redis are as many now as were measured', async () => {
  const { units, workers } = costUnits(redis(used.connection))
  const drain = async (): Promise<void> => {
    for (const worker of workers) await worker.drain({ concurrency: 50 })
  }
  expect(units.map(({ name }) => name).toSorted()).toEqual([...measured.keys()].toSorted())
  for (const { name, run } of units) {
    await run(WARM_UP)
    await drain()
    await used.admin.send(['CONFIG', 'RESETSTAT'])
    // It adds no fewer.
    const count = name.includes('499') ? 500 : COUNT
    await run(count)
    await drain()
    const stats = String(await used.admin.send(['INFO', 'commandstats']))
    const sent = [...stats.matchAll(/^cmdstat_(?:eval|evalsha):calls=(\d+)/gm)].reduce(
      (sum, [, calls]) => sum + Number(calls),
      0,
    )
    const was = measured.get(name)?.commands ?? NaN
    // What is sent once for many weighs more among a hundred than among the thousand that were
    // measured. Of deliveries a quick machine takes more along with one command than a slow one.
    const least = was * (name === 'an event that one endpoint gets' ? 0.75 : 0.9) - 0.1
    const most = was * 1.1 + 0.1
    expect([name, sent / count >= least, sent / count <= most, sent / count, was]).toEqual([
      ...[name, true, true, sent / count, was],
    ])
  }
})

/** Figures of the page are rounded to what a reader compares. */
function isAbout(shown: number | undefined, exact: number): void {
  expect(shown).toBeGreaterThanOrEqual(exact * 0.95 - 0.05)
  expect(shown).toBeLessThanOrEqual(exact * 1.05 + 0.05)
}

/** The cells of all tables' rows. */
function rowsOf(markdown: string): readonly (readonly string[])[] {
  return [...markdown.matchAll(/^\| (.+) \|$/gm)]
    .map(([, row = '']) => row.split('|').map((cell) => cell.trim()))
    .filter(([first = '', second = '']) => first !== '' && /\d/.test(second))
}
