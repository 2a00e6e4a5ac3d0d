import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findFreePort, startGuarded } from './guarded-program.ts'

/** A clamd of our own on loopback that knows one signature: the test file of EICAR. */
export interface Clamd {
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

/** The EICAR test file, put together here so that no scanner takes this file for it. */
export const EICAR: string = [
  'X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR',
  'STANDARD-ANTIVIRUS-TEST-FILE!$H+H*',
].join('-')

/** Limits of the clamd that {@link startClamd} starts: small, so that tests reach them. */
const LIMITS = `
StreamMaxLength 64M
MaxFileSize 25M
MaxScanSize 100M
AlertExceedsMax yes
AlertEncrypted yes
AlertBrokenExecutables yes
MaxThreads 4
`

/**
 * @param signatures How many more it knows, of random bytes, so that it has as much to compare with
 *   as one with a real database
 * @throws Error when clamd is not installed or does not answer
 */
export async function startClamd(signatures = 0): Promise<Clamd> {
  const folder = await mkdtemp(join(tmpdir(), 'clamd-'))
  const port = await findFreePort()
  const signature = Buffer.from(EICAR, 'latin1').toString('hex')
  const lines = [`Eicar-Test-Signature:0:*:${signature}`]
  for (let index = 0; index < signatures; index++)
    lines.push(`Random-${index}:0:*:${randomBytes(24).toString('hex')}`)
  await writeFile(join(folder, 'local.ndb'), `${lines.join('\n')}\n`)
  const settings = join(folder, 'clamd.conf')
  const user = process.getuid?.() === 0 ? 'User root\n' : ''
  await writeFile(
    settings,
    `Foreground yes\n${user}TCPSocket ${port}\nTCPAddr 127.0.0.1\nDatabaseDirectory ${folder}\n${LIMITS}`,
  )
  const program = await startGuarded({
    command: ['/usr/sbin/clamd', '--config-file', settings],
    isReady: () => answers(port),
  })
  return {
    port,
    pid: program.pid,
    async stop() {
      await program.stop('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => resolve(false))
    socket.on('connect', () => socket.write('zPING\0'))
    socket.on('data', (chunk: Uint8Array) => {
      socket.destroy()
      resolve(new TextDecoder().decode(chunk).startsWith('PONG'))
    })
  })
}
