/** One worker of the rig, made to be killed: `node rig-worker.ts <store as JSON> <journal> <clock>`. */
import { openRigBackend, type RigStore } from './rig-backend.ts'
import { openSteppedClock } from './rig-clock.ts'
import { openJournal } from './rig-journal.ts'
import { LEASE_MS, openRig } from './rig-queue.ts'

const [, , storeJson = '', journalPath = '', clockPath = ''] = process.argv
// The rig gives it.
const store = JSON.parse(storeJson) as RigStore
const journal = openJournal(journalPath)
const clock = openSteppedClock(clockPath)
const { backend, close } = openRigBackend(store, clock)
const { queue, sagas } = openRig(backend, (fact) => journal.note(fact), clock)
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
process.stdin.once('end', () => process.exit(1)).resume()

const times = { lease: LEASE_MS, maxWait: 500, grace: 1000, signal: stop.signal }
await Promise.all([
  queue.run({
    ...times,
    concurrency: 16,
    onSettled({ id, token }, { to }, fate) {
      if (fate === 'settled') journal.note({ what: 'settled', id, token, to })
    },
    onError: (error) => journal.note({ what: 'error', message: String(error).slice(0, 200) }),
  }),
  sagas.run({
    ...times,
    onError: (error) => journal.note({ what: 'error', message: String(error).slice(0, 200) }),
  }),
])
close()
process.exit(0)
