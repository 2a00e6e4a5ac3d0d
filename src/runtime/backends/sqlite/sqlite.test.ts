import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { sqlite } from './sqlite.ts'

const PROGRAM = fileURLToPath(
  new URL('../../../../test/support/sqlite-process.ts', import.meta.url),
)

let directory = ''
let path = ''
const children: ChildProcess[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'reuse-sqlite-'))
  path = join(directory, 'data.db')
})

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(directory, { recursive: true })
})

test('sqlite() loses nothing that was acknowledged when its process is killed', async () => {
  for (let round = 1; round <= 3; round++) {
    const [writer] = await startTogether('write', 1)
    if (writer === undefined) throw new Error('not started')
    await writer.lines(40 * round)
    writer.kill()
    const acknowledged = Math.max(...(await writer.end()).map(Number))

    const backend = sqlite(path)
    const entries = await backend.store.partition('p').list({ limit: 1000 })
    const keys = new Set(entries.entries.map(({ key }) => key))
    const jobs = await backend.jobStore.queue('q').list({ state: 'completed', limit: 1000 })
    const completed = new Set(jobs.jobs.map(({ id }) => id))
    expect(acknowledged).toBeGreaterThanOrEqual(40 * round)
    for (let each = 1; each <= acknowledged; each++) {
      expect(keys).toContain(`${each}`)
      expect(completed).toContain(`${each}`)
    }
    backend.close()
    rmSync(path)
    rmSync(`${path}-wal`, { force: true })
  }
}, 30_000)

test('sqlite() hands each job to one of several processes, once', async () => {
  const backend = sqlite(path)
  const { jobs } = await backend.jobStore
    .queue('q')
    .add(Array.from({ length: 300 }, () => ({ name: 'n', data: null })))
  const claimers = await startTogether('claim', 2)
  // Round by round, so that neither can take them all before the other has begun.
  for (let round = 1; round <= 25; round++) {
    for (const { lines } of claimers) await lines(round)
    for (const { go } of claimers) go()
  }
  const rounds = await Promise.all(claimers.map(({ end }) => end()))
  expect(rounds.map((lines) => lines.length)).toEqual([26, 26])
  const claimed = rounds.flat().flatMap((line) => line.split(' ').filter((id) => id !== ''))
  expect(claimed.toSorted()).toEqual(jobs.map(({ id }) => id).toSorted())
  expect((await backend.jobStore.queue('q').counts()).ready).toBe(0)
  backend.close()
}, 30_000)

test('sqlite() opens a new file in several processes at once', async () => {
  const openers = await startTogether('open', 4)
  const opened = await Promise.all(openers.map((opener) => opener.end()))
  expect(opened).toEqual(Array(4).fill(['true']))
  const backend = sqlite(path)
  expect((await backend.store.partition('p').list()).entries).toHaveLength(4)
  backend.close()
}, 30_000)

test('versions and tokens go on growing when a file is opened again', async () => {
  const clock = createFakeClock()
  const seen: number[][] = []
  for (let opening = 0; opening < 3; opening++) {
    const backend = sqlite(path, { clock })
    const commit = await backend.store
      .partition('p')
      .commit({ set: [{ key: 'k', value: 1, expiresInMs: 1 }] })
    await clock.advance(1)
    await backend.store.partition('p').commit({ delete: ['k'] })
    const queue = backend.jobStore.queue('q')
    await queue.add([{ id: 'same', name: 'n', data: null }])
    const { claimed } = await queue.exchange({ claim: { limit: 1, leaseMs: 1000 } })
    const { id, token } = claimed[0] ?? { id: '', token: 0 }
    await queue.exchange({ settle: [{ id, token, outcome: { to: 'completed' } }] })
    seen.push([commit.ok ? commit.version : 0, token])
    backend.close()
  }
  for (const column of [0, 1]) {
    const numbers = seen.map((row) => row[column] ?? 0)
    expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b))
  }
})

test('close() finishes what was called before, and later calls fail', async () => {
  const backend = sqlite(path)
  const part = backend.store.partition('p')
  const commits = Promise.all([
    part.commit({ set: [{ key: 'a', value: 1 }] }),
    part.commit({ set: [{ key: 'b', value: 1 }] }),
  ])
  backend.close()
  backend.close()
  expect((await commits).map(({ ok }) => ok)).toEqual([true, true])
  const closed = { name: 'BackendError', code: 'backend_unavailable' }
  await expect(part.get('a')).rejects.toMatchObject(closed)
  await expect(part.commit({ set: [{ key: 'a', value: 1 }] })).rejects.toMatchObject(closed)
  await expect(backend.rateLimits.reset('s', [{ name: 'n' }])).rejects.toMatchObject(closed)
  const again = sqlite(path)
  expect((await again.store.partition('p').list()).entries).toHaveLength(2)
  again.close()
})

test('sqlite() works on an open database, whose settings and end stay its own', async () => {
  const native = new DatabaseSync(path)
  native.exec('CREATE TABLE mine (n)')
  const backend = sqlite(native)
  await backend.store.partition('p').commit({ set: [{ key: 'a', value: 1 }] })
  expect(native.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' })
  backend.close()
  expect(native.isOpen).toBe(true)
  native.close()
})

test.each([
  [{}, { journal_mode: 'wal', synchronous: 2, timeout: 0 }],
  [{ synchronous: 'normal' }, { journal_mode: 'wal', synchronous: 1, timeout: 0 }],
] as const)(
  'sqlite() uses a file opened with %j with the settings %j',
  async (options, expected) => {
    const backend = sqlite(path, options)
    const settings: Record<string, unknown> = {}
    const original = DatabaseSync.prototype.prepare
    DatabaseSync.prototype.prepare = function (sql) {
      // Only this connection can tell its own settings.
      for (const name of ['journal_mode', 'synchronous', 'busy_timeout'])
        Object.assign(settings, original.call(this, `PRAGMA ${name}`).get())
      return original.call(this, sql)
    }
    try {
      await backend.store.partition('p').get('k')
    } finally {
      DatabaseSync.prototype.prepare = original
      backend.close()
    }
    expect(settings).toEqual(expected)
  },
)

test('a write waits for another process as long as told, and does not hold up this one', async () => {
  const clock = createFakeClock()
  const backend = sqlite(path, { clock, busyTimeout: 1000 })
  const part = backend.store.partition('p')
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  const early = part.commit({ set: [{ key: 'early', value: 1 }] }).catch((error: unknown) => error)
  await clock.advance(500)
  const late = part.commit({ set: [{ key: 'late', value: 1 }] })
  expect(await part.get('late')).toBeNull()
  await clock.advance(504)
  expect(await early).toMatchObject({ name: 'BackendError', code: 'backend_overloaded' })
  other.exec('COMMIT')
  await clock.advance(4)
  expect(await late).toMatchObject({ ok: true })
  expect((await part.list()).entries.map(({ key }) => key)).toEqual(['late'])
  other.close()
  backend.close()
})

test('sqlite() says what an acknowledged write survives', () => {
  const file = sqlite(path)
  const memory = sqlite(':memory:')
  expect([file.durability, memory.durability]).toEqual(['local', 'none'])
  file.close()
  memory.close()
})

test.each([
  { synchronous: 'off' as 'full' },
  { busyTimeout: -1 },
  { busyTimeout: 60_001 },
  { busyTimeout: Number.NaN },
])('sqlite() refuses %j', (options) => {
  expect(() => sqlite(path, options)).toThrow(RangeError)
})

test('ready() writes nothing, and says that a file cannot be written or is closed', async () => {
  const path = join(directory, 'ready.db')
  const writing = sqlite(path)
  expect(await writing.ready()).toEqual([])
  const reading = new DatabaseSync(path, { readOnly: true })
  expect(await sqlite(reading).ready()).toMatchObject([{ code: 'read_only' }])
  reading.close()
  writing.close()
  expect(await writing.ready()).toMatchObject([{ code: 'unreachable' }])
})

test.each([undefined, null, '', 5, {}, [], () => null, new URL('file:///data.db')])(
  'sqlite() refuses %s, which a variable may be that is not set',
  (database) => {
    const expected = "a path, ':memory:' or an open database of node:sqlite or bun:sqlite expected"
    const is = database === '' ? 'an empty text' : 'no path'
    expect(() => sqlite(database as string)).toThrow(
      new TypeError(`Cannot open SQLite database: database is ${is}, ${expected}`),
    )
  },
)

test('sqlite() fails when the file cannot be opened', () => {
  expect(() => sqlite(join(directory, 'absent', 'data.db'))).toThrow(
    expect.objectContaining({
      code: 'backend_unavailable',
      message: expect.not.stringContaining(directory),
    }),
  )
})

test('sqlite() fails where there is no SQLite', () => {
  const original = process.getBuiltinModule
  process.getBuiltinModule = () => undefined
  try {
    expect(() => sqlite(path)).toThrow('this runtime has no SQLite built in')
  } finally {
    process.getBuiltinModule = original
  }
})

type Program = 'open' | 'write' | 'claim'

/** Starts processes and, once all of them are ready, lets them go. */
async function startTogether(what: Program, count: number) {
  const started = Array.from({ length: count }, () => start(what))
  for (const { lines } of started) await lines(1)
  const processes = started.map(({ child, lines, ended }) => ({
    go: () => void child.stdin.write('go\n'),
    /** Waits for that many acknowledgements. */
    lines: (least: number) => lines(least + 1),
    kill: () => void child.kill('SIGKILL'),
    /** All acknowledgements, once the process has ended. */
    end: async () => (await ended).slice(1),
  }))
  for (const { go } of processes) go()
  return processes
}

function start(what: Program) {
  const child = spawn(process.execPath, [PROGRAM, what, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  const seen: string[] = []
  const waiting: { readonly least: number; readonly resolve: () => void }[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    seen.push(line)
    for (const { least, resolve } of waiting) if (seen.length >= least) resolve()
  })
  const ended = new Promise<readonly string[]>((resolve) => {
    child.once('close', () => {
      for (const waiter of waiting) waiter.resolve()
      resolve(seen)
    })
  })
  const lines = (least: number) =>
    new Promise<void>((resolve) => {
      waiting.push({ least, resolve })
      if (seen.length >= least) resolve()
    })
  return { child, lines, ended }
}
