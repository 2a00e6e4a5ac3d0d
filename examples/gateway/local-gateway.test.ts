import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rootKey } from './local-gateway.ts'

let folder = ''
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'root-key-'))))
afterEach(() => rmSync(folder, { recursive: true }))

test('rootKey() makes a key once, and reads it from then on', () => {
  const file = join(folder, 'state', 'root-key')
  const key = rootKey(file)
  expect(key).toMatch(/^wcr_root_[\w-]{32}$/)
  expect([rootKey(file), readFileSync(file, 'utf8')]).toEqual([key, `${key}\n`])
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('rootKey() makes a key where the file is empty, and refuses one that can be guessed', () => {
  const file = join(folder, 'root-key')
  writeFileSync(file, ' \n')
  const key = rootKey(file)
  expect([key.length > 40, rootKey(file)]).toEqual([true, key])
  writeFileSync(file, 'secret\n')
  expect(() => rootKey(file)).toThrow('holds 6 characters, 20 or more expected')
})
