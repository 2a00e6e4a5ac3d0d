/** What `npm run demo` shows of each service; it ends by itself. */
import { join } from 'node:path'
import { expectTrue } from '../../src/runtime/ports/conformance.ts'
import { runProgram } from '../../tools/run-program.ts'
import { runSuites } from '../conformance/run-suites.ts'

const SHOWN: readonly (readonly [service: string, shows: RegExp])[] = [
  [
    'payments',
    /ordered twice, it is one payment: true\n.*taken: succeeded; 9\.90 given back: succeeded; 40\.00/,
  ],
  ['storage', /206 "Invoice 42" of bytes 0-9\/1331/],
  ['notifications', /is sent, by outbox\n.*to gone@example\.com: suppressed \(bounce\)/],
  ['background jobs', /the warehouse got \{"pack":42\}, and its signature is right/],
  ['webhooks', /is killed[^]*is delivered after 3 attempts/],
  ['rate limiting', /200, 200, 200, 429 rate_limited, 429 rate_limited/],
  [
    'logging',
    /health: ok\n[^]*webhook_attempts_total\{outcome="delivered"\} 1[^]*audit: \d+ acts, the latest keys\.create/,
  ],
]

const suite = {
  subject: 'Gateway',
  adapter: 'durable-objects',
  cases: [
    {
      name: 'the demo leads one order through all seven services and a kill',
      run: async () => {
        const { code, output } = await runProgram(
          'node',
          ['--conditions=white-cross-source', 'examples/gateway/demo.ts'],
          { cwd: join(import.meta.dirname, '../..'), timeoutMs: 120_000 },
        )
        expectTrue(code === 0, `it to end well, not with ${code}: ${output}`)
        for (const [service, shows] of SHOWN)
          expectTrue(shows.test(output), `${service} to show ${shows.source}, not ${output}`)
      },
    },
  ],
}
const failed = await runSuites('node', [suite], console.log, process.argv[2])
process.exitCode = failed > 0 ? 1 : 0
