import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { runWorkerd, writeWorkerdConfig } from './run-workerd.ts'

let directory = ''

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'run-workerd-'))
})

afterEach(async () => {
  vi.restoreAllMocks()
  await rm(directory, { recursive: true })
})

async function entryOf(body: string): Promise<string> {
  const path = join(directory, 'entry.js')
  await writeFile(path, `export default { async test(_controller, env) { ${body} } }`)
  return path
}

test('runWorkerd() passes on the results that the Worker prints, and its texts to it', async () => {
  const out = vi.spyOn(console, 'log').mockReturnValue()
  const entry = await entryOf(`
    console.log('a remark')
    console.log(JSON.stringify({ runtime: 'workerd', text: env.TEXT, node: typeof process.versions?.node }))
  `)
  expect(await runWorkerd(entry, { TEXT: 'quoted "\\' })).toBe(true)
  expect(out.mock.calls).toEqual([
    ['{"runtime":"workerd","text":"quoted \\"\\\\","node":"undefined"}'],
  ])
})

test('runWorkerd() fails when the Worker throws, and says what it said', async () => {
  const err = vi.spyOn(console, 'error').mockReturnValue()
  const entry = await entryOf(`console.log('a remark'); throw new Error('not this time')`)
  expect(await runWorkerd(entry, {})).toBe(false)
  // It comes by two streams, in any order.
  const said = err.mock.calls.flat().join()
  expect(said).toContain('a remark')
  expect(said).toContain('not this time')
})

test('writeWorkerdConfig() binds every exported object, and serves where told', async () => {
  const entry = join(directory, 'entry.js')
  await writeFile(entry, 'export class KeepObject {}\nexport class Other {}\nexport default {}')
  const target = join(directory, 'out')
  await mkdir(target)
  const listen = '127.0.0.1:1'
  const path = await writeWorkerdConfig({ entry, directory: target, listen })
  const config = await readFile(path, 'utf8')
  expect(config).toContain('(name="KeepObject", durableObjectNamespace="KeepObject")')
  expect(config).toContain('(name="http", address="127.0.0.1:1", service="main")')
  expect(config).not.toContain('Other')
})
