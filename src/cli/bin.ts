#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { runCli } from './run-cli.ts'

/** The program `white-cross`: what the process has, given to `runCli()`. */
const stop = new AbortController()
// The second ctrl-c ends the process as it always does.
process.once('SIGINT', () => stop.abort())
process.once('SIGTERM', () => stop.abort())

process.exitCode = await runCli({
  argv: process.argv.slice(2),
  env: process.env,
  stdout: { write: (chunk) => written(process.stdout, chunk) },
  stderr: { write: (text) => written(process.stderr, text) },
  isTty: process.stderr.isTTY,
  version: versionOf(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')),
  signal: stop.signal,
})

/** Waits until it is taken: a slow reader is not written over. */
function written(stream: NodeJS.WriteStream, chunk: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once('error', reject)
    stream.write(chunk, (error) => {
      if (error != null) return reject(error)
      stream.removeListener('error', reject)
      resolve()
    })
  })
}

function versionOf(manifest: string): string {
  const value: unknown = JSON.parse(manifest)
  const version: unknown =
    typeof value === 'object' && value !== null ? Reflect.get(value, 'version') : null
  return typeof version === 'string' ? version : 'unknown'
}
