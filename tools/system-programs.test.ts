import { expect, test } from 'vitest'
import { ensurePrograms, type Machine } from './system-programs.ts'

const redis = { name: 'redis-server', debian: 'redis', elsewhere: 'brew install redis' }

function machine(options: Partial<Machine> & { readonly installs?: boolean } = {}): Machine & {
  readonly calls: string[]
} {
  const present = new Set<string>()
  const calls: string[] = []
  return {
    calls,
    has: (program) => present.has(program),
    canInstall: true,
    async aptGet(args) {
      calls.push(args.join(' '))
      if (options.installs !== false && args[0] === 'install') present.add('redis-server')
      return ''
    },
    ...options,
  }
}

test('ensurePrograms() installs what is missing, after one update, where it may', async () => {
  const debian = machine()
  expect(await ensurePrograms([redis], debian)).toEqual([])
  expect(debian.calls).toEqual(['update', 'install -y --no-install-recommends redis'])
})

test('ensurePrograms() touches nothing where all is there', async () => {
  const full = machine({ has: () => true })
  expect(await ensurePrograms([redis], full)).toEqual([])
  expect(full.calls).toEqual([])
})

test('ensurePrograms() names the program and how to get it, where it may not install', async () => {
  const other = machine({ canInstall: false })
  expect(await ensurePrograms([redis], other)).toEqual([
    'Cannot run the tests without redis-server: run apt-get install redis (Debian, Ubuntu) or brew install redis (macOS)',
  ])
  expect(other.calls).toEqual([])
})

test('ensurePrograms() goes on without what is to be had on Debian alone', async () => {
  const ceph = { name: 'radosgw', debian: 'radosgw', elsewhere: null }
  const debian = machine()
  expect(await ensurePrograms([ceph], debian)).toEqual([])
  expect(debian.calls).toEqual(['update', 'install -y --no-install-recommends radosgw'])
  expect(await ensurePrograms([ceph], machine({ canInstall: false }))).toEqual([])
})

test('ensurePrograms() says what apt-get said, when that failed', async () => {
  const offline = machine({ aptGet: async () => 'E: Unable to fetch' })
  expect(await ensurePrograms([redis], offline)).toEqual([
    expect.stringContaining('E: Unable to fetch'),
  ])
})
