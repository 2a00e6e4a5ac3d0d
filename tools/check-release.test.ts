import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkRelease } from './check-release.ts'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'release-'))
  writeFileSync(join(root, 'package.json'), '{"version":"1.2.0"}')
  writeFileSync(join(root, 'deno.json'), '{"version":"1.2.0"}')
  writeFileSync(join(root, 'CHANGELOG.md'), '# Changelog\n\n## 1.2.0 (2026-12-01)\n')
})

afterEach(() => rmSync(root, { recursive: true }))

test('checkRelease() lets a tag pass whose version is everywhere', () => {
  expect(checkRelease(root, 'v1.2.0')).toEqual([])
})

test('checkRelease() refuses another version', () => {
  writeFileSync(join(root, 'deno.json'), '{}')
  expect(checkRelease(root, 'v1.3.0')).toEqual([
    'package.json is of version 1.2.0, the tag says v1.3.0',
    'deno.json is of version undefined, the tag says v1.3.0',
    'CHANGELOG.md does not tell of 1.3.0',
  ])
})

test('checkRelease() refuses a version that the changelog gives no date', () => {
  writeFileSync(join(root, 'CHANGELOG.md'), '## 1.2.0 (unreleased)\n')
  expect(checkRelease(root, 'v1.2.0')).toEqual([
    'CHANGELOG.md gives no date of 1.2.0: "## 1.2.0 (unreleased)"',
  ])
})
