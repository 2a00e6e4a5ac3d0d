import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findFreePort, startGuarded, type GuardedProgram } from './guarded-program.ts'

/** Ceph's object gateway on one node, all in memory: the strictest S3 server that Debian brings. */
export interface Ceph {
  readonly url: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  stop(): Promise<void>
}

const ACCESS_KEY = 'AKTEST0123456789ABCD'
const SECRET_KEY = 'SKtest0123456789abcdefghijklmnopqrstuvwx'
const call = promisify(execFile)

/** Starts a monitor, an object store in memory and the gateway. It takes some fifteen seconds. */
export async function startCeph(): Promise<Ceph> {
  // Until the gateway listens, a connection of another program may have been given its port.
  return startOnce().catch(startOnce)
}

async function startOnce(): Promise<Ceph> {
  const folder = await mkdtemp(join(tmpdir(), 'ceph-'))
  for (const name of ['mon', 'osd', 'rgw', 'run']) await mkdir(join(folder, name))
  const [monitor, gateway] = [await findFreePort(), await findFreePort()]
  const [fsid, uuid] = [randomUUID(), randomUUID()]
  const path = join(folder, 'ceph.conf')
  await writeFile(path, configuration(folder, fsid, monitor, gateway))
  const ceph = (program: string, ...args: string[]): Promise<unknown> =>
    call(program, ['-c', path, ...args], { timeout: 60_000 })
  const programs: GuardedProgram[] = []
  const stop = async (): Promise<void> => {
    for (const program of programs.toReversed()) await program.stop('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const map = join(folder, 'monmap')
    const at = `[v1:127.0.0.1:${monitor}]`
    await call('monmaptool', ['--create', '--clobber', '--fsid', fsid, '--addv', 'a', at, map])
    await ceph('ceph-mon', '-i', 'a', '--mkfs', '--monmap', map)
    const start = async (
      program: string,
      args: readonly string[],
      isReady: () => Promise<boolean>,
    ): Promise<void> => {
      programs.push(await startGuarded({ command: [program, '-f', '-c', path, ...args], isReady }))
    }
    const answers = async (): Promise<boolean> => {
      await ceph('ceph', '--connect-timeout', '5', 'status')
      return true
    }
    await start('ceph-mon', ['-i', 'a'], answers)
    await ceph('ceph', 'osd', 'new', uuid)
    // Without its own uuid it never boots.
    await ceph('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', uuid)
    await start('ceph-osd', ['-i', '0'], async () => true)
    await ceph('ceph', 'osd', 'crush', 'add', '0', '1.0', 'root=default').catch(() => undefined)
    const user = ['user', 'create', '--uid=test', '--display-name=test']
    await ceph('radosgw-admin', ...user, `--access-key=${ACCESS_KEY}`, `--secret=${SECRET_KEY}`)
    const url = `http://127.0.0.1:${gateway}`
    await start('radosgw', ['-n', 'client.rgw'], async () => (await fetch(url)).ok)
    return { url, accessKeyId: ACCESS_KEY, secretAccessKey: SECRET_KEY, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function configuration(folder: string, fsid: string, monitor: number, gateway: number): string {
  return `[global]
fsid = ${fsid}
mon host = v1:127.0.0.1:${monitor}
public addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 1
osd objectstore = memstore
memstore device bytes = 4294967296
run dir = ${folder}/run
admin socket = ${folder}/run/$name.$pid.asok
log file = ${folder}/$name.log
pid file = ${folder}/run/$name.pid
setuser match path =
[mon.a]
mon data = ${folder}/mon
[osd.0]
osd data = ${folder}/osd
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:${gateway}
rgw data = ${folder}/rgw
rgw verify ssl = false
rgw s3 auth use keystone = false
`
}
