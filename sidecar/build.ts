import { join } from 'node:path'
import { build } from 'esbuild'

/** Bundles the sidecar and the process that draws; what is native or large comes from `npm install`. */
const { warnings } = await build({
  entryPoints: {
    sidecar: join(import.meta.dirname, 'src/start.ts'),
    'image-process': join(import.meta.dirname, 'src/images/image-process.ts'),
  },
  outdir: join(import.meta.dirname, 'dist'),
  splitting: true,
  bundle: true,
  platform: 'node',
  target: 'node22.13',
  format: 'esm',
  conditions: ['white-cross-source'],
  external: ['bullmq', 'ioredis', 'nodemailer', 'sharp', 'zod', 'node:*'],
  logLevel: 'warning',
})
if (warnings.length > 0) process.exitCode = 1
