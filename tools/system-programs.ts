import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { runProgram } from './run-program.ts'

/** A program that the tests need and npm does not bring. */
export interface SystemProgram {
  readonly name: string
  /** Its Debian package. */
  readonly debian: string
  /** How to get it elsewhere; `null` where it is not to be had, and tests say `skipped` without it. */
  readonly elsewhere: string | null
}

/** What the tests need beyond npm. */
const systemPrograms: readonly SystemProgram[] = [
  { name: 'redis-server', debian: 'redis-server', elsewhere: 'brew install redis' },
  { name: 'radosgw', debian: 'radosgw', elsewhere: null },
  { name: 'ceph-mon', debian: 'ceph-mon', elsewhere: null },
  { name: 'ceph-osd', debian: 'ceph-osd', elsewhere: null },
  { name: 'ffmpeg', debian: 'ffmpeg', elsewhere: null },
  { name: 'clamd', debian: 'clamav-daemon', elsewhere: null },
  { name: 'prometheus', debian: 'prometheus', elsewhere: null },
  { name: 'chromium', debian: 'chromium', elsewhere: null },
  { name: 'promtool', debian: 'prometheus', elsewhere: null },
  { name: 'prometheus-pushgateway', debian: 'prometheus-pushgateway', elsewhere: null },
]

/** The parts of the machine that {@link ensurePrograms} looks at; tests bring their own. */
export interface Machine {
  has(program: string): boolean
  /** Whether packages can be installed without asking anyone: Debian, as root. */
  readonly canInstall: boolean
  /** @returns What went wrong; empty when all is well */
  aptGet(args: readonly string[]): Promise<string>
}

/** Installs what is missing where that can be done without asking. @returns One sentence for each program still missing */
export async function ensurePrograms(
  programs: readonly SystemProgram[] = systemPrograms,
  machine: Machine = thisMachine(),
): Promise<string[]> {
  const missing = programs.filter(({ name }) => !machine.has(name))
  if (missing.length === 0) return []
  let trouble = ''
  if (machine.canInstall) {
    const packages = [...new Set(missing.map(({ debian }) => debian))]
    console.log(`Installing ${packages.join(', ')}`)
    trouble =
      (await machine.aptGet(['update'])) ||
      (await machine.aptGet(['install', '-y', '--no-install-recommends', ...packages]))
  }
  return missing
    .filter(({ name, elsewhere }) => elsewhere !== null && !machine.has(name))
    .map(
      ({ name, debian, elsewhere }) =>
        `Cannot run the tests without ${name}: run apt-get install ${debian} (Debian, Ubuntu) or ${elsewhere ?? 'nothing'} (macOS)${trouble && `\n${trouble}`}`,
    )
}

function thisMachine(): Machine {
  return {
    has: isOnPath,
    canInstall: process.getuid?.() === 0 && isOnPath('apt-get'),
    async aptGet(args) {
      const env = { DEBIAN_FRONTEND: 'noninteractive' }
      const { code, output } = await runProgram('apt-get', ['-q', ...args], { env })
      return code === 0 ? '' : output
    },
  }
}

function isOnPath(program: string): boolean {
  // Debian puts servers where not every user's path leads.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

if (import.meta.main) {
  // Those that are named are needed, wherever this is.
  const named = systemPrograms.filter(({ name }) => process.argv.includes(name))
  await ensurePrograms(named)
  const { has } = thisMachine()
  const missing = named.filter(({ name }) => !has(name))
  for (const { name, debian } of missing)
    console.log(`${name} is missing: run apt-get install ${debian}, or what brings it elsewhere`)
  if (missing.length > 0) process.exitCode = 1
}
