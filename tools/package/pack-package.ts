import { mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { createConsumerFolder, type ConsumerFolder } from '../consumer-folder.ts'
import { readManifest } from '../read-manifest.ts'
import { runProgram } from '../run-program.ts'

/** The package as a user gets it: packed, and installed beside nothing but what it declares to need. */
export interface PackedPackage extends ConsumerFolder {
  readonly tarball: string
  /** The folder it is unpacked to. */
  readonly package: string
}

/** Packs the built package of `root` and installs it into a folder of its own. */
export async function packPackage(root: string): Promise<PackedPackage> {
  const { name, version, dependencies = {}, peerDependencies = {} } = readManifest(root)
  const needed = Object.keys({ ...dependencies, ...peerDependencies })
  const folder = createConsumerFolder(root, [...needed, '@cloudflare/workers-types'])
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder.path], root)
  const tarball = join(folder.path, `${name.slice(1).replace('/', '-')}-${version}.tgz`)
  const installed = join(folder.path, 'node_modules', name)
  await run('tar', ['-xzf', tarball], folder.path)
  mkdirSync(join(installed, '..'), { recursive: true })
  renameSync(join(folder.path, 'package'), installed)
  return { ...folder, tarball, package: installed }
}

async function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  const { code, output } = await runProgram(command, args, { cwd })
  if (code !== 0) throw new Error(`Cannot pack the package: ${command} says ${output}`)
}
