import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The parts of package.json that the tools read. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly license: string
  /** Programs, by their names. */
  readonly bin?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** Reads a package.json. Ours: npm has validated it before any tool runs. */
export function readManifest(root: string): Manifest {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
}
