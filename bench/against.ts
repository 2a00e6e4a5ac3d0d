/**
 * Measures this tree beside an older commit, in turns and in processes of their own, by CPU time:
 * what else the machine does meanwhile counts little in it.
 *
 * `node --conditions=white-cross-source against.ts 24307d9 [workload …]` writes `results/against.md`.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median } from './compare.ts'
import { startRedis } from './redis-server.ts'

const WORKLOADS = [
  'jobs on memory',
  'jobs on SQLite',
  'jobs on Redis',
  'deliveries on memory',
  'deliveries on SQLite',
  'sign',
  'verify',
]
const ROUNDS = 7

const here = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('..', import.meta.url))
const [before, ...named] = process.argv.slice(2)
if (before === undefined) throw new RangeError('Say the commit to measure against')
const commit = (name: string): string =>
  execFileSync('git', ['rev-parse', '--short', name], { cwd: root, encoding: 'utf8' }).trim()
const [older, newer] = [commit(before), commit('HEAD')]

const folder = mkdtempSync(join(tmpdir(), 'reuse-against-'))
const trees = [older, newer].map((name) => join(folder, name))
const server = await startRedis()
try {
  for (const tree of trees) checkOut(tree)
  const rows: string[] = []
  for (const workload of named.length > 0 ? named : WORKLOADS) {
    const costs = { older: [] as number[], newer: [] as number[] }
    for (let round = 0; round < ROUNDS; round++) {
      costs.older.push(measure(join(folder, older), workload))
      costs.newer.push(measure(join(folder, newer), workload))
    }
    const ratios = costs.newer.map((cost, round) => cost / (costs.older[round] ?? Number.NaN))
    const row = `| ${workload} | ${shown(costs.older)} | ${shown(costs.newer)} | ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}) |`
    console.log(row)
    rows.push(row)
  }
  writeFileSync(
    join(here, 'results', 'against.md'),
    `# CPU time beside an older commit

Microseconds of CPU an operation in this process (a server's own are not counted): the median of ${ROUNDS} processes on each side, run in turns, and the ratio of neighbours. Jobs: 5,000 that do nothing, added and burned down at 50 at a time. Deliveries: 50 events to 20 endpoints, requests answered at once without a network. Signing and verifying: 256 bytes.

| workload | ${older} µs | ${newer} µs | ratio (least–most) |
| --- | --- | --- | --- |
${rows.join('\n')}

${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.versions.node}, load ${loadavg()[0]?.toFixed(1)}, ${new Date().toISOString().slice(0, 10)}
`,
  )
} finally {
  await server.stop()
  for (const tree of trees)
    execFileSync('git', ['worktree', 'remove', '--force', tree], { cwd: root })
  rmSync(folder, { recursive: true, force: true })
}

/** A commit's sources, with the workload in the folder from which their package's own name is found. */
function checkOut(tree: string): void {
  execFileSync('git', ['worktree', 'add', '--quiet', '--detach', tree, basename(tree)], {
    cwd: root,
  })
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
  copyFileSync(join(here, 'workload.ts'), join(tree, 'workload.ts'))
}

function measure(cwd: string, workload: string): number {
  const said = execFileSync(
    process.execPath,
    [
      '--no-warnings',
      '--conditions=white-cross-source',
      'workload.ts',
      workload,
      String(server.port),
    ],
    { cwd, encoding: 'utf8' },
  )
  // The workload prints one number.
  return JSON.parse(said) as number
}

function shown(values: readonly number[]): string {
  return `${median(values).toFixed(1)} (${Math.min(...values).toFixed(1)}–${Math.max(...values).toFixed(1)})`
}
