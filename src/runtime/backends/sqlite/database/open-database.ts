import { BackendError } from '../../../ports/backend-error.ts'
import type { NativeDatabase } from './native-database.ts'

/** The modules that this room knows, by what of them it needs. */
interface BuiltinModules {
  readonly 'bun:sqlite': { readonly Database: new (path: string) => NativeDatabase }
  readonly 'node:sqlite': { readonly DatabaseSync: new (path: string) => NativeDatabase }
}

/**
 * Opens a database file with what this runtime has built in.
 *
 * @throws BackendError when the runtime has none, or the file cannot be opened
 */
export function openDatabase(path: string): NativeDatabase {
  const bun = builtin('bun:sqlite')
  const node = bun === undefined ? builtin('node:sqlite') : undefined
  try {
    if (bun !== undefined) return new bun.Database(path)
    if (node !== undefined) return new node.DatabaseSync(path)
  } catch (cause) {
    throw new BackendError(
      'backend_unavailable',
      'Cannot open SQLite database: its file cannot be opened, an existing directory and the right to write there expected',
      { cause },
    )
  }
  throw new BackendError(
    'backend_unavailable',
    'Cannot open SQLite database: this runtime has no SQLite built in, Node 22.13, Deno 2.2 or Bun expected',
  )
}

/**
 * A module of the runtime itself, without an import that a bundler for another runtime would
 * stumble over.
 */
function builtin<Name extends keyof BuiltinModules>(name: Name): BuiltinModules[Name] | undefined {
  const host = globalThis as { readonly process?: HostProcess }
  // oxlint-disable-next-line no-restricted-properties -- absence is handled, and there is no other synchronous way
  const found = host.process?.getBuiltinModule?.(name)
  // Such a module is what its runtime documents under that name.
  return found as BuiltinModules[Name] | undefined
}

interface HostProcess {
  getBuiltinModule?(name: string): unknown
}
