/**
 * Lives through worlds of faults for as long as one likes, and says which faults and states it
 * reached.
 *
 * `npm run simulate -- --backend sqlite --worlds 500 --seed 17`
 */
import { parseArgs } from 'node:util'
import { memory } from '../../src/runtime/backends/memory/index.ts'
import { sqlite } from '../../src/runtime/backends/sqlite/index.ts'
import type { Backend } from '../../src/runtime/ports/backend.ts'
import { createFakeClock, createSeededRandom } from '../../src/testing/index.ts'
import { runWorld } from './run-world.ts'

const { values } = parseArgs({
  options: {
    backend: { type: 'string', default: 'memory' },
    worlds: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
  },
})
const { backend: kind } = values
if (kind !== 'memory' && kind !== 'sqlite')
  throw new RangeError('Cannot simulate: the backend is neither memory nor sqlite')
const first = wholeNumber('seed', values.seed)
const worlds = wholeNumber('worlds', values.worlds)
console.log(`Seeds ${first} to ${first + worlds - 1} on ${kind}; --seed repeats one`)

const reached = new Map<string, number>()
for (let seed = first; seed < first + worlds; seed++) {
  const clock = createFakeClock()
  const open = async (): Promise<Backend> => {
    const options = { clock, random: createSeededRandom(seed) }
    return kind === 'memory' ? memory(options) : sqlite(':memory:', options)
  }
  const trace = await runWorld({
    seed,
    harness: { clock, advance: clock.advance, open },
    curiosity: 0.3,
  })
  for (const line of trace) for (const what of reachedIn(line)) count(what)
  if (process.stderr.isTTY) process.stderr.write(`\r${seed - first + 1} of ${worlds} worlds `)
}
if (process.stderr.isTTY) process.stderr.write('\n')
for (const [what, times] of [...reached].toSorted(([left], [right]) => (left < right ? -1 : 1)))
  console.log(`${String(times).padStart(9)}  ${what}`)
console.log(`${worlds} worlds came to a good end`)

/** What a line of a trace tells of faults, commands, outcomes and states. */
function reachedIn(line: string): readonly string[] {
  const [, said = line] = / ms: (.*)$/s.exec(line) ?? []
  if (/^(network|world|saga|lock|webhook): /.test(said)) return [withoutNames(said)]
  const worker = /^worker \d+:? (\w+)/.exec(said)
  if (worker !== null) return [`worker: ${worker[1]}`]
  const command = /^command \{"type":"([\w-]+)"/.exec(said)
  if (command !== null) return [`command: ${command[1]}`]
  return [
    ...(said.startsWith('add ') ? ['add'] : []),
    ...[...said.matchAll(/"to":"(\w+)"/g)].map(([, to]) => `outcome: ${to}`),
    ...[...said.matchAll(/"(lost|settled)"(?!:)/g)].map(([, fate]) => `settlement: ${fate}`),
  ]
}

/** `saga: saga-3 takes charge under 17` is one kind of thing with that of any other saga. */
function withoutNames(said: string): string {
  return said.replace(/ saga-\d+/, ' one').replace(/ under \d+/, '')
}

function count(what: string): void {
  reached.set(what, (reached.get(what) ?? 0) + 1)
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,12}$/.test(text) && Number(text) > 0) return Number(text)
  throw new RangeError(`Cannot simulate: ${name} is no whole number above 0`)
}
