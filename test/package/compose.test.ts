import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { readSettings } from '../../sidecar/src/settings.ts'
import { openOnServer, type ServerVariables } from '../../examples/gateway/open-on-server.ts'

/** What is read of a service in `compose.yaml`. */
interface ComposeService {
  readonly image?: string
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly working_dir?: string
  readonly command?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: { readonly test: readonly string[] }
}

const root = join(import.meta.dirname, '../..')
const file = (path: string): string => readFileSync(join(root, path), 'utf8')
// Its parts are looked at below.
const compose = parse(file('compose.yaml')) as {
  readonly services: Readonly<Record<'gateway' | 'redis' | 'sidecar', ComposeService>>
  readonly volumes: Readonly<Record<string, unknown>>
}
const { gateway, redis, sidecar } = compose.services

/** As compose puts it in: `${NAME}` and `${NAME:?what it is}`. */
function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{(\w+)(?::\?[^}]*)?\}/g, (_, name: string) => values[name] ?? '')
}

/** What stands at a path in a container: a path of this tree, or the name of a volume. */
function mountedAt({ volumes = [] }: ComposeService, path: string): string | undefined {
  const mounts = volumes.map((volume) => volume.split(':'))
  return mounts.find(([, target = '']) => path === target || path.startsWith(`${target}/`))?.[0]
}

test('the gateway gets variables that it reads, and starts a program that is there', async () => {
  const { environment = {}, command = '', ports, volumes = [], working_dir = '' } = gateway
  const read = ['examples/gateway/open-on-server.ts', 'examples/gateway/settings.ts']
    .flatMap((path) => [...file(path).matchAll(/^ {2}readonly ([A-Z][A-Z0-9_]+)\?: string$/gm)])
    .map(([, name]) => name)
  expect(Object.keys(environment).filter((name) => !read.includes(name))).toEqual([])
  expect(environment).toHaveProperty('ROOT_KEY_SHA256')

  const [program, condition, path = ''] = command.split(' ')
  expect([program, condition]).toEqual(['node', '--conditions=white-cross-source'])
  expect(mountedAt(gateway, working_dir)).toBe('.')
  expect(existsSync(join(root, path))).toBe(true)
  const { engines } = JSON.parse(file('package.json')) as { readonly engines: { node: string } }
  const [, major = '0'] = /^node:(\d+)/.exec(gateway.image ?? '') ?? []
  expect(Number(major)).toBeGreaterThanOrEqual(Number(/\d+/.exec(engines.node)?.[0]))

  expect(ports).toEqual([`${environment['PORT']}:${environment['PORT']}`])
  const names = [gateway, redis, sidecar]
    .flatMap((service) => service.volumes ?? [])
    .map((volume) => volume.split(':')[0] ?? '')
    .filter((name) => name !== '.')
  expect([...new Set(names)].toSorted()).toEqual(Object.keys(compose.volumes).toSorted())
  // Files are written to a volume, since the program's own folder cannot be written to.
  expect(volumes).toContain('.:/app:ro')
  expect(mountedAt(gateway, environment['FILES'] ?? '')).toBe('files')
})

test('the gateway is asked for its health where it answers', async () => {
  const { environment = {}, healthcheck } = gateway
  const asked = /fetch\('([^']+)'\)/.exec(healthcheck?.test.at(-1) ?? '')?.[1] ?? ''
  const { port, pathname } = new URL(asked)
  expect(port).toBe(environment['PORT'])
  const { REDIS_URL: _, FILES: __, ...rest } = environment
  const variables: ServerVariables = {
    ...rest,
    ROOT_KEY_SHA256: 'a'.repeat(64),
    DATABASE: ':memory:',
  }
  const running = await openOnServer(variables)
  const answer = await running.fetch(new Request(asked))
  expect([pathname, answer.status]).toEqual(['/health/ready', 200])
  running.close()
})

test('Redis is reached by its name, is waited for, and keeps what it acknowledged', () => {
  const { hostname, port } = new URL(gateway.environment?.['REDIS_URL'] ?? '')
  expect([hostname, port]).toEqual(['redis', '6379'])
  expect(gateway.depends_on).toEqual({ redis: { condition: 'service_healthy' } })
  expect(redis.healthcheck?.test).toEqual(['CMD', 'redis-cli', 'ping'])
  for (const setting of ['appendonly yes', 'appendfsync always', 'maxmemory-policy noeviction'])
    expect(redis.command).toContain(`--${setting}`)
  expect(mountedAt(redis, '/data')).toBe('redis')
})

test('the sidecar takes its settings, and reads the files of the gateway', () => {
  const { build, environment = {} } = sidecar
  const secret = Buffer.alloc(32, 7).toString('base64')
  const text = filled(environment['SIDECAR_SETTINGS'] ?? '', { SIDECAR_SECRET: secret })
  const settings = readSettings({ SIDECAR_SETTINGS: text })
  expect([settings.host, settings.port, settings.keys.length]).toEqual(['0.0.0.0', 8788, 1])
  expect(Object.keys(settings.stores)).toEqual(['files'])
  expect(JSON.parse(text)).toMatchObject({
    stores: { files: { kind: 'file-system', path: gateway.environment?.['FILES'] } },
    bullmq: { redis: gateway.environment?.['REDIS_URL'] },
  })
  expect([mountedAt(sidecar, '/data'), mountedAt(gateway, '/data')]).toEqual(['files', 'files'])
  const docker = file(build?.dockerfile ?? '')
  expect(docker).toContain(`EXPOSE ${settings.port}\n`)
  expect(docker).toContain(`http://127.0.0.1:${settings.port}/v1/health`)
})
