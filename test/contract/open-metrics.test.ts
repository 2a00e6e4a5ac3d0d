import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MetricsService } from '../../src/services/logging/index.ts'
import { checkOpenMetrics } from '../support/check-open-metrics.ts'
import { isInstalled } from '../support/prometheus.ts'

interface Vector {
  readonly name: string
  readonly text: string
  readonly shouldParse: boolean
}

const file = join(import.meta.dirname, '../../../shared/datasets/openmetrics/parsers.json')
const vectors: readonly Vector[] = existsSync(file)
  ? // The file is described in the README beside it.
    (JSON.parse(readFileSync(file, 'utf8')) as Vector[])
  : []

test.skipIf(vectors.length === 0)(
  'our reader of OpenMetrics agrees with all vectors of the specification',
  () => {
    const wrong = vectors.filter(({ text, shouldParse }) => reads(text) !== shouldParse)
    expect(wrong.map(({ name }) => name)).toEqual([])
  },
)

const texts: string[] = []

test('whatever is counted, what is shown is OpenMetrics', async () => {
  const text = fc.string({ unit: 'binary', maxLength: 10 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(text, text, fc.double()), { maxLength: 8 }),
      async (values) => {
        const metrics = new MetricsService({ maxSeries: 5 })
        const count = metrics.counter('things.seen_total', {
          help: 'Things "seen"\nby \\ us',
          labels: ['a', 'b.c'],
        })
        const level = metrics.gauge('level_bytes', { help: 'Level', unit: 'bytes', labels: ['a'] })
        const took = metrics.histogram('took_seconds', {
          help: 'Time',
          unit: 'seconds',
          labels: ['a'],
          buckets: [0.1, 1, 1e21],
        })
        for (const [a, b, value] of values) {
          count.inc({ a, 'b.c': b }, value, { [b]: a })
          level.set({ a }, value)
          took.observe({ a }, Math.abs(value), { trace_id: b })
        }
        for (const escaping of ['underscores', 'dots', 'values'])
          checkOpenMetrics(
            await shown(metrics, `application/openmetrics-text;version=1.0.0;escaping=${escaping}`),
          )
        texts.push(await shown(metrics, 'text/plain'))
      },
    ),
  )
})

test.skipIf(!isInstalled('promtool'))('promtool finds nothing wrong with it', () => {
  expect(texts.length).toBeGreaterThan(10)
  for (const one of texts.slice(0, 10)) {
    const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: one,
      encoding: 'utf8',
    })
    expect([status, stderr]).toEqual([0, ''])
  }
})

function reads(text: string): boolean {
  try {
    checkOpenMetrics(text)
    return true
  } catch {
    return false
  }
}

async function shown(metrics: MetricsService, accept: string): Promise<string> {
  return (await metrics.expose({ headers: new Headers({ accept }) })).body
}
