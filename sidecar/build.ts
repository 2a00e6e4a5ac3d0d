import { join } from 'node:path'
import { build } from 'esbuild'

/** Bundles the sidecar into one file; what is native or large stays outside, from `npm install`. */
const { warnings } = await build({
  entryPoints: [join(import.meta.dirname, 'src/start.ts')],
  outdir: join(import.meta.dirname, 'dist'),
  entryNames: 'sidecar',
  splitting: true,
  bundle: true,
  platform: 'node',
  target: 'node20.9',
  format: 'esm',
  conditions: ['white-cross-source'],
  external: ['bullmq', 'ioredis', 'nodemailer', 'sharp', 'zod', 'node:*'],
  logLevel: 'warning',
})
if (warnings.length > 0) process.exitCode = 1
