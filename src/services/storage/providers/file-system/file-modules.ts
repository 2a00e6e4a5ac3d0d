import { StorageError } from '../../storage-error.ts'

/** What of `node:fs/promises` is needed; Node, Deno and Bun have it. */
export interface FileModule {
  open(path: string, flags: string | number): Promise<FileHandle>
  mkdir(path: string, options: { readonly recursive: true }): Promise<unknown>
  readdir(path: string, options: { readonly withFileTypes: true }): Promise<readonly FolderEntry[]>
  readFile(path: string, encoding: 'utf8'): Promise<string>
  writeFile(path: string, text: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  link(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  rmdir(path: string): Promise<void>
  rm(path: string, options: { readonly recursive: true; readonly force: true }): Promise<void>
  copyFile(from: string, to: string): Promise<void>
  stat(path: string): Promise<FileStatus>
  lstat(path: string): Promise<FileStatus>
  utimes(path: string, atime: number, mtime: number): Promise<void>
}

export interface FileHandle {
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>
  write(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>
  stat(): Promise<FileStatus>
  truncate(length: number): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

export interface FileStatus {
  readonly size: number
  readonly mtimeMs: number
  isFile(): boolean
}

export interface FolderEntry {
  readonly name: string
  isFile(): boolean
  isDirectory(): boolean
}

/**
 * Node's own module, without an import that a bundler for another runtime would stumble over.
 *
 * @throws StorageError `unsupported` where there is no file system
 */
export function fileModule(): FileModule {
  const host = globalThis as {
    readonly process?: { getBuiltinModule?(wanted: string): unknown }
  }
  // oxlint-disable-next-line no-restricted-properties -- absence is handled, and there is no other synchronous way
  const found = host.process?.getBuiltinModule?.('node:fs/promises')
  if (found === undefined)
    throw new StorageError(
      'unsupported',
      'Cannot open folder: this runtime has no file system, Node, Deno or Bun expected',
    )
  // Such a module is what Node documents under that name.
  return found as FileModule
}

/** @returns The code of an error of the file system, as `ENOENT`; `null` for any other error */
export function fileErrorCode(error: unknown): string | null {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : null
  return typeof code === 'string' ? code : null
}

/** @returns What an error of the file system means, without the path that it names */
export function fileError(error: unknown): Error {
  if (error instanceof StorageError) return error
  const options = { cause: error }
  switch (fileErrorCode(error)) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new StorageError(
        'access_denied',
        'Cannot use folder: this process may not read or write there',
        options,
      )
    case 'ENOTDIR':
    case 'EISDIR':
    case 'EEXIST':
    case 'ENOTEMPTY':
      return new StorageError(
        'unsupported',
        'Cannot write object: its key is the folder of another one, or lies in the file of one',
        options,
      )
    case 'ENOSPC':
    case 'EDQUOT':
      return new StorageError('unavailable', 'Cannot write object: the disk is full', options)
    case 'EMFILE':
    case 'ENFILE':
    case 'EBUSY':
      return new StorageError('throttled', 'Cannot use folder: too many files are open', options)
    default:
      return new StorageError('failed', 'Cannot use folder: the cause says why', options)
  }
}
