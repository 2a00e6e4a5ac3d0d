import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fileSystem } from './file-system.ts'

let folder = ''
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'files-'))))
afterAll(() => rm(folder, { recursive: true, force: true }))

test('a write that finds no place leaves nothing beside the files', async () => {
  const store = fileSystem(folder).bucket('b')
  const kept = await Promise.all([store.put('a', '1'), store.put('c/d', '2')])
  for (const key of ['a/b', 'c'])
    await expect(store.put(key, 'x')).rejects.toMatchObject({ code: 'unsupported' })
  await expect(store.put('a', 'x', { ifNoneMatch: '*' })).rejects.toMatchObject({
    code: 'precondition_failed',
  })
  const own = await readdir(join(folder, 'b/.reuse'), { recursive: true, withFileTypes: true })
  const files = own.filter((entry) => entry.isFile()).map(({ name }) => name)
  expect(files.filter((name) => name.endsWith('.json'))).toHaveLength(kept.length)
  expect(files).toHaveLength(kept.length)
})
