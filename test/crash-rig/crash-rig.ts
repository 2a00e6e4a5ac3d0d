/**
 * Runs thousands of mixed jobs on workers that are killed, stopped and robbed of their store, and
 * audits what they left: `npm run crash-rig -- --seed 7 --backend redis`. What is planned follows
 * from the seed; what meets what is up to the machine.
 */
import { parseArgs } from 'node:util'
import { runRig, type RigOptions } from './run-rig.ts'

const USAGE = `npm run crash-rig -- [--backend sqlite|redis|durable-objects] [--seed 1] [--runs 1] [--jobs 3000] [--kills 15] [--minutes 1] [--keep]`

const { values } = parseArgs({
  options: {
    backend: { type: 'string', default: 'sqlite' },
    seed: { type: 'string' },
    runs: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '3000' },
    kills: { type: 'string', default: '15' },
    minutes: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  console.log(USAGE)
  process.exit(0)
}
const { backend } = values
if (backend !== 'sqlite' && backend !== 'redis' && backend !== 'durable-objects')
  fail(`--backend is ${backend}, sqlite, redis or durable-objects`)
const firstSeed = numberOf('seed', values.seed ?? String(1 + Math.floor(Math.random() * 1e9)), 1e9)
const runs = numberOf('runs', values.runs, 1000)
let faults = 0
for (let run = 0; run < runs; run++) {
  const options: RigOptions = {
    backend,
    seed: firstSeed + run,
    jobs: numberOf('jobs', values.jobs, 100_000),
    kills: numberOf('kills', values.kills, 1000, 0),
    minutes: numberOf('minutes', values.minutes, 600, 0.05),
    workers: 3,
    keep: values.keep,
  }
  faults += (await runRig(options, console.log)).length
}
process.exit(faults > 0 ? 1 : 0)

function numberOf(name: string, text: string, most: number, least = 1): number {
  const number = Number(text)
  if (Number.isFinite(number) && number >= least && number <= most) return number
  return fail(`--${name} is ${text}, ${least} to ${most}`)
}

function fail(what: string): never {
  console.error(`Cannot run the crash rig: ${what} expected\n${USAGE}`)
  process.exit(2)
}
