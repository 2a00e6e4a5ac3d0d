import { join } from 'node:path'
import { PAYLOAD } from './bullmq.ts'
import type { Contender, Comparisons } from './compare.ts'
import { serveWorkers } from './serve-workers.ts'

const JOBS = 1000

/** What all comparisons have in common. */
const SETTING = `${JOBS} jobs with a 120-byte payload, added and run to the end by a handler that does nothing; one object on each side, all in one local workerd (\`workerd serve\`) with SQLite storage on disk, each side a Worker of its own. Ours: \`addBulk\` of 500, called in the Worker, run through \`jobRunner()\` by the object’s alarm, timed until the jobStore holds none of them. Timed from outside, from the first add to the last completion.`
const AGENTS = `\`agents\` 0.32.0: \`this.queue()\` for each job within the object, so that adding costs one call. It runs one job after the other and gives each a due millisecond of its own, so that no machine runs more than 1,000 a second. Its Worker has Node’s modules and a stand-in for \`cloudflare:email\`, without which it does not load.`
const ACTORS = `\`@cloudflare/actors\` 0.0.1-beta.6: \`this.alarms.schedule(1, …)\` for each job within the object, so that adding costs one call. Its alarms go by whole seconds, so a queue that is idle waits up to a second for its first job: counted in the row that the ratio is of, as whoever adds jobs has it; in the last row the time in which nothing happens between the last add and the first job is left out. It calls its handlers one after the other in a single run of the alarm: no attempts, retries, leases or record of a failure.`

export async function setUp(): Promise<Comparisons> {
  const served = await serveWorkers([
    { name: 'reuse', entry: entryOf('reuse') },
    { name: 'agents', entry: entryOf('agents'), node: true },
    { name: 'actors', entry: entryOf('actors') },
  ])
  const ours = burnDown('Durable Object, 20 to 100 jobs a call (default)', served.url('reuse'))
  const wide = burnDown('Durable Object, always 100 jobs a call', `${served.url('reuse')}wide`)
  const agents = burnDown('agents, Agent.queue()', served.url('agents'))
  const actors = burnDown('actors, their wait left out', served.url('actors'))
  const waiting = burnDown('actors, alarms.schedule()', served.url('actors'), 'counted')
  return {
    comparisons: [
      {
        title: 'Jobs: Durable Object with alarm dispatch against the queue of agents',
        setting: `${SETTING} The default limits: calls of 20 jobs, while they are quick up to 100, 4 at a time. Ours waits for the processor and the peer for its clock, so the ratio falls where others are at work on the machine. ${AGENTS}`,
        contenders: [ours, agents],
        target: 10,
      },
      {
        title: 'Jobs: Durable Object with alarm dispatch against the alarms of actors',
        setting: `${SETTING} ${ACTORS}`,
        contenders: [ours, waiting, wide, actors],
        target: 10,
      },
    ],
    tearDown: served.stop,
  }
}

function burnDown(name: string, url: string, wait: 'counted' | 'left out' = 'left out'): Contender {
  return {
    name,
    async round() {
      const startedAt = performance.now()
      await ask(url, {
        method: 'POST',
        body: JSON.stringify({ count: JOBS, payload: PAYLOAD }),
      })
      const done = await ask(url)
      const tookMs = performance.now() - startedAt
      // The Workers answer in this form.
      const { idleMs } = (await done.json()) as { readonly idleMs: number }
      return (JOBS * 1000) / (tookMs - (wait === 'counted' ? 0 : idleMs))
    },
  }
}

async function ask(url: string, request: RequestInit = {}): Promise<Response> {
  const response = await fetch(url, request)
  if (!response.ok)
    throw new Error(`Cannot measure: ${response.status} ${await response.text()}, 200 expected`)
  if (request.method === 'POST') await response.arrayBuffer()
  return response
}

function entryOf(name: string): string {
  return join(import.meta.dirname, `workers/${name}.worker.ts`)
}
