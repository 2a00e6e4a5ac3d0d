import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

/** What a Worker may have on every plan is 3 MB; a start pays for each byte. 76,000 are MCP's SDK. */
const MOST_BYTES = 475_000

test('the Worker is bundled without a Node built-in, and weighs what it may', async () => {
  const { outputFiles } = await build({
    entryPoints: [new URL('worker.ts', import.meta.url).pathname],
    ...{ bundle: true, minify: true, write: false, format: 'esm', target: 'es2024' },
    conditions: ['workerd', 'worker', 'browser', 'white-cross-source'],
    external: ['cloudflare:*'],
    logLevel: 'silent',
  })
  const text = outputFiles[0]?.text ?? ''
  expect(text.length).toBeGreaterThan(100_000)
  expect(text).not.toMatch(/from ?"node:/)
  expect(gzipSync(text).length).toBeLessThan(MOST_BYTES)
})
