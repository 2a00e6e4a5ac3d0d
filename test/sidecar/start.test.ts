import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sidecar } from '@white-cross/reuse/infrastructure/storage/sidecar'
import { readSettings } from '../../sidecar/src/settings.ts'
import { SIDECAR_KEY } from '../support/sidecar.ts'

const root = join(import.meta.dirname, '../..')
const settings = { host: '127.0.0.1', port: 0, metricsPort: 0, keys: [SIDECAR_KEY] }

test('the sidecar starts from its settings, serves, and stops on SIGTERM', async () => {
  const program = spawn(
    process.execPath,
    ['--conditions=white-cross-source', join(root, 'sidecar/src/start.ts')],
    { env: { ...process.env, SIDECAR_SETTINGS: JSON.stringify(settings) } },
  )
  try {
    let said = ''
    const lines = program.stdout.setEncoding('utf8')
    program.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    const ended = once(program, 'exit')
    while (!said.includes('\n')) {
      const [text] = (await Promise.race([once(lines, 'data'), ended.then(() => ['\n'])])) as [
        string,
      ]
      said += text
    }
    const started = JSON.parse(said) as { event: string; url: string; metricsPort: number }
    expect(started.event).toBe('started')
    const client = sidecar({ url: started.url, ...SIDECAR_KEY })
    expect(await client.ask()).toMatchObject({ stores: [] })
    const metrics = await fetch(`http://127.0.0.1:${started.metricsPort}/metrics`)
    expect(await metrics.text()).toContain('path="/v1/capabilities",outcome="ok"')
    program.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    expect(said).not.toContain(SIDECAR_KEY.secret)
  } finally {
    program.kill('SIGKILL')
  }
})

test('readSettings() names what is wrong, and never a value', () => {
  const read = (value: unknown): unknown =>
    readSettings({ SIDECAR_SETTINGS: JSON.stringify(value) })
  expect(() => readSettings({})).toThrow(/neither/)
  expect(() => readSettings({ SIDECAR_SETTINGS: '{"secret' })).toThrow(/no JSON$/)
  const wrong: [object, RegExp][] = [
    [{ keys: [] }, /keys/],
    [{ portt: 5 }, /portt/],
    [{ port: 'secret' }, /port/],
    [{ limits: { image: { pixels: 0 } } }, /limits\.image\.pixels/],
    [{ limits: { image: { pixel: 5 } } }, /pixel/],
    [{ stores: { a: { kind: 'ftp' } } }, /stores\.a/],
    [{ smtp: { host: 'a', password: 5 } }, /smtp\.password/],
  ]
  for (const [change, what] of wrong) {
    const thrown = ((): string => {
      try {
        read({ ...settings, ...change })
        return ''
      } catch (error) {
        return String(error)
      }
    })()
    expect(thrown).toMatch(what)
    expect(thrown).not.toContain('secret')
  }
  const given = {
    ...settings,
    limits: { image: { pixels: 5 } },
    stores: { a: { kind: 'file-system', path: '/tmp' } },
  }
  expect(read(given)).toMatchObject({ limits: { image: { pixels: 5, frames: 100 } } })
})
