import { cpSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expectEqual, expectTrue } from '../../src/runtime/ports/conformance.ts'
import { createConsumerFolder } from '../../tools/consumer-folder.ts'
import { runProgram } from '../../tools/run-program.ts'
import { runSuites } from '../conformance/run-suites.ts'
import type { SuiteCase } from '../conformance/suite.ts'

const root = join(import.meta.dirname, '../..')
/** What a clone has not. */
const MADE_HERE = new Set(['node_modules', 'dist', '.git', '.wrangler', '.reuse', '.dev.vars'])
const LIMIT_MS = 300_000

const cases: readonly SuiteCase[] = [
  {
    name: 'what was cloned and installed deploys as it is, with its bindings, in each environment',
    async run() {
      using folder = createConsumerFolder(root)
      cpSync(root, folder.path, {
        recursive: true,
        filter: (path) => path === root || !MADE_HERE.has(basename(path)),
      })
      // As npm links a workspace's own package.
      symlinkSync('../..', join(folder.path, 'node_modules/@white-cross/reuse'))
      const env = { WRANGLER_BUILD_CONDITIONS: 'workerd,worker,browser,white-cross-source' }
      for (const environment of ['', 'staging', 'production']) {
        const { code, output } = await runProgram(
          join(root, 'node_modules/.bin/wrangler'),
          ['deploy', '--dry-run', '--outdir=bundled', `--env=${environment}`],
          // Compiled once is enough.
          { cwd: folder.path, timeoutMs: LIMIT_MS, ...(environment !== '' && { env }) },
        )
        expectEqual([code, code === 0 ? '' : output], [0, ''], `the end of ${environment}`)
        for (const binding of ['env.INFRASTRUCTURE (InfrastructureObject)', 'env.FILES ('])
          expectTrue(output.includes(binding), `${binding} to be bound, in ${output}`)
        const [name = ''] = readdirSync(join(folder.path, 'bundled')).filter((file) =>
          file.endsWith('.js'),
        )
        const text = readFileSync(join(folder.path, 'bundled', name), 'utf8')
        expectTrue(text.length > 100_000, 'the Worker to be bundled')
      }
    },
  },
]

const suites = [{ subject: 'Gateway deployed', adapter: 'wrangler', cases }]
process.exitCode = (await runSuites('node', suites, console.log, process.argv[2])) > 0 ? 1 : 0
