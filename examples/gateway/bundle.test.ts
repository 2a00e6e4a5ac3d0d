import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build, type Metafile } from 'esbuild'
import { expect, test } from 'vitest'

/**
 * What is evaluated before the first request is answered, in minified characters; all else waits for
 * its first use.
 */
const MOST_EAGER = 870_000

/**
 * What a Worker may have on every plan is 3 MB; a start pays for each byte. 70,000 are MCP's SDK,
 * 43,000 the dashboard, both evaluated at their first request.
 */
const MOST_BYTES = 525_000

test('the Worker is bundled without a Node built-in, and weighs what it may', async () => {
  const shims = { '@modelcontextprotocol/server/_shims': './examples/gateway/mcp-shims.ts' }
  const [[name, path] = []] = Object.entries(shims)
  const toml = readFileSync(new URL('../../wrangler.toml', import.meta.url), 'utf8')
  expect(toml).toContain(`[alias]\n"${name}" = "${path}"\n`)
  const { outputFiles, metafile } = await build({
    entryPoints: [new URL('worker.ts', import.meta.url).pathname],
    ...{ bundle: true, minify: true, write: false, format: 'esm', target: 'es2024' },
    metafile: true,
    conditions: ['workerd', 'worker', 'browser', 'white-cross-source'],
    external: ['cloudflare:*'],
    absWorkingDir: new URL('../..', import.meta.url).pathname,
    alias: shims,
    logLevel: 'silent',
  })
  const text = outputFiles[0]?.text ?? ''
  expect(text.length).toBeGreaterThan(100_000)
  expect(text).not.toMatch(/from ?"node:/)
  expect(gzipSync(text).length).toBeLessThan(MOST_BYTES)
  const eager = evaluatedAtStart(metafile)
  const packages = [...eager.keys()].filter((path) =>
    /node_modules\/(stripe|@modelcontext)|src\/dashboard/.test(path),
  )
  expect(packages).toEqual([])
  const chars = [...eager.values()].reduce((sum, bytes) => sum + bytes, 0)
  expect(chars).toBeGreaterThan(100_000)
  expect(chars).toBeLessThan(MOST_EAGER)
})

/** @returns The modules that the entry imports, not those that it may import later, with what they weigh */
function evaluatedAtStart({ inputs, outputs }: Metafile): ReadonlyMap<string, number> {
  const weights = Object.values(outputs)[0]?.inputs ?? {}
  const found = new Map<string, number>()
  const waiting = Object.keys(inputs).filter((path) => path.endsWith('examples/gateway/worker.ts'))
  for (const path of waiting) {
    if (found.has(path)) continue
    found.set(path, weights[path]?.bytesInOutput ?? 0)
    for (const { kind, external, path: next } of inputs[path]?.imports ?? [])
      if (kind !== 'dynamic-import' && external !== true) waiting.push(next)
  }
  return found
}
