import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { prettyFactory } from 'pino-pretty'
import { expect, test } from 'vitest'
import {
  bunyanFormat,
  LoggerService,
  memorySink,
  pinoFormat,
  type LogFormat,
} from '../../src/services/logging/index.ts'

function lineOf(format: LogFormat): string {
  const sink = memorySink()
  const logger = new LoggerService({ service: 'api', sinks: [sink] })
  logger.child({ requestId: 'r-1' }).error({ err: new TypeError('no luck'), n: 7 }, 'order failed')
  const [record] = sink.records
  if (record === undefined) throw new Error('A line was to be written')
  return format(record)
}

test('pino-pretty reads our lines: level, time, message, error and fields', () => {
  const pretty = prettyFactory({ colorize: false, translateTime: 'UTC:yyyy' })
  const shown = pretty(lineOf(pinoFormat))
  expect(shown).toMatch(/^\[20\d\d\] ERROR: order failed\n/)
  expect(shown).toContain('requestId: "r-1"')
  expect(shown).toContain('n: 7')
  expect(shown).toMatch(/err: \{\s+"type": "TypeError",\s+"message": "no luck"/)
})

test('the tool of bunyan reads our lines', () => {
  const tool = join(import.meta.dirname, '../../node_modules/.bin/bunyan')
  const { stdout, status } = spawnSync(tool, ['--no-color'], {
    input: `${lineOf(bunyanFormat)}\n`,
    encoding: 'utf8',
  })
  expect(status).toBe(0)
  expect(stdout).toMatch(/^\[20.*\] ERROR: api\/0 on .*: order failed \(.*requestId=r-1.*\)/)
  expect(stdout).toContain('TypeError: no luck')
})
