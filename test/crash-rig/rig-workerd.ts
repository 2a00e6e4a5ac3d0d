import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { writeWorkerdConfig } from '../../tools/run-workerd.ts'
import { serveWorkerd } from '../support/serve-workerd.ts'
import type { RigFact, RigJournal } from './rig-journal.ts'
import type { StartedStore } from './rig-store.ts'

const WORKER = join(import.meta.dirname, 'rig.worker.ts')
const MOST_FACT_CHARS = 10_000

/** A workerd that keeps the rig's jobs, runs some of them, and loses neither when it is killed. */
export async function startWorkerdStore(
  folder: string,
  journal: RigJournal,
): Promise<StartedStore> {
  let aheadMs = 0
  /** Under this number is noted what the runner in workerd does; each start has another. */
  let run = -1
  const notes = await openNotes((from, fact) => {
    // What had been sent when it was killed, but is read only after that was noted.
    if (from === run) journal.note(fact, run)
  })
  const port = await freePort()
  const config = await writeWorkerdConfig({
    entry: WORKER,
    directory: folder,
    texts: { JOURNAL_URL: JOURNAL_MARK, AHEAD_MS: AHEAD_MARK },
    listen: `127.0.0.1:${port}`,
  })
  const template = await readFile(config, 'utf8')

  async function start() {
    const url = `${notes.url}/${-run}`
    const text = template.replace(JOURNAL_MARK, url).replace(AHEAD_MARK, String(aheadMs))
    await writeFile(config, text)
    return serveWorkerd(config)
  }
  let server: Awaited<ReturnType<typeof start>> | null = await start()
  let last: Promise<void> = Promise.resolve()

  async function killOnce(forMs: number): Promise<void> {
    await server?.kill()
    server = null
    journal.note({ what: 'killed' }, run)
    journal.note({ what: 'store-killed' })
    run--
    await new Promise((resolve) => setTimeout(resolve, forMs))
    server = await start()
    journal.note({ what: 'store-started' })
  }

  return {
    place: { type: 'durable-objects', port },
    kill: (forMs) => (last = last.then(() => killOnce(forMs))),
    settled: () => last,
    async setClock(ms) {
      aheadMs = ms
      if (server === null) return
      // One that is killed under this call starts with the new time.
      await fetch(server.url, { method: 'PUT', body: String(ms) }).catch(() => undefined)
    },
    async stop() {
      await last.catch(() => undefined)
      await server?.kill()
      await notes.close()
    },
  }
}

const JOURNAL_MARK = 'JOURNAL-URL-HERE'
const AHEAD_MARK = 'AHEAD-MS-HERE'

/** A server to which the runner in workerd says what it does. */
async function openNotes(note: (run: number, fact: RigFact) => void) {
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', (part: string) => {
      text += part
      if (text.length > MOST_FACT_CHARS) request.destroy()
    })
    request.on('end', () => {
      // The rig's Worker sends nothing else.
      note(-Number(request.url?.slice(1)), JSON.parse(text) as RigFact)
      response.end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The same for each start, so that the workers find it again. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server.address())
  await new Promise((resolve) => server.close(resolve))
  return port
}

function portOf(address: unknown): number {
  // A server that listens on a port has such an address.
  return (address as AddressInfo).port
}
