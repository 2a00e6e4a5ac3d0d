import { createRequire } from 'node:module'
import { findFreePort, startGuarded } from './guarded-program.ts'

/** Microsoft's emulator of blobs, in memory. */
export interface Azurite {
  /** With the account that every Azurite has. */
  readonly url: string
  stop(): Promise<void>
}

/** Starts Azurite and waits until it answers. */
export async function startAzurite(): Promise<Azurite> {
  const port = await findFreePort()
  const main = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js')
  const origin = `http://127.0.0.1:${port}`
  const program = await startGuarded({
    command: [
      process.execPath,
      main,
      `--blobPort=${port}`,
      '--blobHost=127.0.0.1',
      '--silent',
      '--inMemoryPersistence',
      '--skipApiVersionCheck',
      '--disableTelemetry',
    ],
    isReady: async () => (await fetch(origin)).status > 0,
  })
  return { url: `${origin}/devstoreaccount1`, stop: () => program.stop('SIGKILL') }
}
