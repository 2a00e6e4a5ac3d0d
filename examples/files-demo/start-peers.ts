import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { INCOMING, PUBLISHED, S3_KEYS } from './open-storage.ts'

/** Servers on this machine. */
export interface Peers {
  readonly s3Url: string
  readonly sidecarUrl: string
  /** Ends all of them. */
  stop(): Promise<void>
}

/** The EICAR test file, put together here so that no scanner takes this file for it. */
export const EICAR: string = [
  'X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR',
  'STANDARD-ANTIVIRUS-TEST-FILE!$H+H*',
].join('-')

/** Starts an S3 server, clamd that knows the EICAR test file, and the sidecar in front of it. */
export async function startPeers(folder: string, secret: string): Promise<Peers> {
  const s3 = await startS3(join(folder, 's3'))
  const clamd = await startClamd(join(folder, 'clamd'))
  const settings = {
    ...{ host: '127.0.0.1', port: 0, keys: [{ id: 'demo', secret }] },
    clamd: { host: '127.0.0.1', port: clamd.port },
    stores: {
      s3: { kind: 's3', options: { region: 'us-east-1', endpoint: s3.url, ...S3_KEYS } },
    },
  }
  const sidecar = spawn(
    process.execPath,
    [...process.execArgv, fileURLToPath(new URL('../../sidecar/src/start.ts', import.meta.url))],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, SIDECAR_SETTINGS: JSON.stringify(settings) },
    },
  )
  const [line] = (await once(sidecar.stdout.setEncoding('utf8'), 'data')) as [string]
  sidecar.stdout.resume()
  return {
    s3Url: s3.url,
    sidecarUrl: (JSON.parse(line) as { readonly url: string }).url,
    async stop() {
      await end(sidecar, 'SIGTERM')
      await end(clamd.program, 'SIGKILL')
      await s3.stop()
    },
  }
}

async function startS3(
  directory: string,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  // What it exports has no types.
  const Server = createRequire(import.meta.url)('@20minutes/s3rver') as new (options: object) => {
    run(): Promise<AddressInfo>
    close(): Promise<void>
  }
  const server = new Server({
    ...{ address: '127.0.0.1', port: 0, silent: true, directory, vhostBuckets: false },
    configureBuckets: [{ name: INCOMING }, { name: PUBLISHED }],
  })
  const { port } = await server.run()
  return { url: `http://127.0.0.1:${port}`, stop: () => server.close() }
}

async function startClamd(
  folder: string,
): Promise<{ readonly program: ChildProcess; readonly port: number }> {
  mkdirSync(folder)
  const signature = Buffer.from(EICAR, 'latin1').toString('hex')
  writeFileSync(join(folder, 'local.ndb'), `Eicar-Test-Signature:0:*:${signature}\n`)
  const port = await findFreePort()
  const lines = [
    ...['Foreground yes', `TCPSocket ${port}`, 'TCPAddr 127.0.0.1'],
    ...[`DatabaseDirectory ${folder}`, 'AlertExceedsMax yes'],
    ...['StreamMaxLength 128M', 'MaxFileSize 128M', 'MaxScanSize 256M'],
    ...(process.getuid?.() === 0 ? ['User root'] : []),
  ]
  const path = join(folder, 'clamd.conf')
  writeFileSync(path, `${lines.join('\n')}\n`)
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` }
  const program = spawn('clamd', ['--config-file', path], { stdio: 'ignore', env })
  while (!(await listens(port))) {
    if (program.exitCode !== null) throw new Error('Cannot start clamd: it ended at once')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return { program, port }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on TCP has an address of this form.
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function end(program: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null) return
  const ended = once(program, 'exit')
  program.kill(signal)
  await ended
}
