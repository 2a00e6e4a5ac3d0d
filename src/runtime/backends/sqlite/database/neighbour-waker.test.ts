import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { createFakeClock } from '../../../../testing/fake-clock.ts'
import { sqlite, type SqliteBackend } from '../sqlite.ts'

const folder = mkdtempSync(join(tmpdir(), 'reuse-neighbour-'))
const opened: SqliteBackend[] = []
let files = 0

afterEach(() => {
  for (const backend of opened.splice(0)) backend.close()
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function open() {
  const path = join(folder, `${++files}.db`)
  const fake = createFakeClock()
  let timers = 0
  const clock = {
    ...fake,
    timers: () => timers,
    setTimer(wake: () => void, delayMs: number) {
      timers++
      let pending = true
      const end = (): void => {
        if (pending) timers--
        pending = false
      }
      const cancel = fake.setTimer(() => {
        end()
        wake()
      }, delayMs)
      return () => {
        end()
        cancel()
      }
    },
  }
  const connect = (): SqliteBackend => {
    const backend = sqlite(path, { clock, lookInterval: 50 })
    opened.push(backend)
    return backend
  }
  return { clock, mine: connect(), other: connect() }
}

const job = { name: 'n', data: null }

test('onWake() hears within lookMs that another connection has added a job', async () => {
  const { clock, mine, other } = open()
  let heard = 0
  mine.waker.onWake('q', () => heard++)
  await clock.advance(500)
  expect(heard).toBe(0)
  await other.jobStore.queue('q').add([job])
  await clock.advance(50)
  expect(heard).toBe(1)
  await clock.advance(500)
  expect(heard).toBe(1)
})

test('onWake() does not take what its own connection writes, or an idle look of another, for news', async () => {
  const { clock, mine, other } = open()
  let heard = 0
  mine.waker.onWake('q', () => heard++)
  await mine.jobStore.queue('q').add([job])
  await other.jobStore.queue('q').exchange({})
  await clock.advance(500)
  expect(heard).toBe(0)
})

test('nobody looks when nobody listens, or when the file was closed', async () => {
  const { clock, mine, other } = open()
  expect(clock.timers()).toBe(0)
  const stop = mine.waker.onWake('q', () => {})
  expect(clock.timers()).toBe(1)
  stop()
  expect(clock.timers()).toBe(0)
  mine.waker.onWake('q', () => {})
  other.close()
  mine.close()
  expect(clock.timers()).toBe(0)
})

test('onWake() hears again after a pause in which another connection wrote only from what comes later', async () => {
  const { clock, mine, other } = open()
  mine.waker.onWake('q', () => {})()
  await other.jobStore.queue('q').add([job])
  let heard = 0
  mine.waker.onWake('q', () => heard++)
  await clock.advance(100)
  expect(heard).toBe(0)
  await other.jobStore.queue('q').add([job])
  await clock.advance(50)
  expect(heard).toBe(1)
})
