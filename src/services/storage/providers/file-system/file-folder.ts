import { encodeHex } from '../../../../primitives/hex.ts'
import { sha256 } from '../../../../primitives/sha256.ts'
import { encodeUtf8 } from '../../../../primitives/utf8.ts'
import type { Clock } from '../../../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../../../runtime/ports/platform/random-source.ts'
import type { BlobProperties } from '../../blobs/blob-store.ts'
import { StorageError } from '../../storage-error.ts'
import { fileErrorCode, type FileHandle, type FileModule, type FileStatus } from './file-modules.ts'
import { pathOfKey } from './key-path.ts'

/** What stands beside a file, in a file of its own. */
export interface FileNotes {
  readonly key: string
  readonly etag: string
  readonly properties: BlobProperties
  readonly tags: Readonly<Record<string, string>>
  /** The upload that made it, if one did. */
  readonly upload?: string | undefined
}

/** A file that is open, and what is known of it. */
export interface OpenFile {
  readonly handle: FileHandle
  readonly size: number
  readonly modifiedAt: number
  readonly notes: FileNotes
}

/** What a file must be to be replaced or removed. */
export interface FileCondition {
  readonly ifMatch: string | undefined
  readonly ifNoneMatch: '*' | undefined
}

/** One bucket: a folder with the objects, and one within it with all else. */
export interface FileFolder {
  readonly root: string
  /** A new file's path, and its name. */
  newFile(): Promise<string>
  open(key: string): Promise<OpenFile | null>
  /** Makes a file the object under `key`, at once and as a whole. */
  commit(
    key: string,
    path: string,
    notes: Pick<FileNotes, 'properties' | 'tags' | 'upload'>,
    condition: FileCondition,
  ): Promise<{ readonly etag: string; readonly modifiedAt: number }>
  /** Replaces what stands beside a file. @returns Whether there is one */
  note(key: string, change: (notes: FileNotes) => FileNotes): Promise<boolean>
  remove(key: string, ifMatch: string | undefined): Promise<void>
  /** A path in the folder beside the objects. */
  own(...names: readonly string[]): string
}

/** What {@link createFileFolder} works with. */
export interface FileFolderOptions {
  readonly files: FileModule
  readonly root: string
  readonly clock: Clock
  readonly random: RandomSource
  /** Whether a write is on the disk before it is answered. */
  readonly sync: boolean
}

/** No key's first segment begins with a dot, so nothing else is called so. */
const OWN = '.reuse'
const LOCK_TRIES = 400
const LOCK_PAUSE_MS = 25
/** A lock guards a rename; one that is older was left by a process that is gone. */
const LOCK_LIFE_MS = 10_000

export function createFileFolder(options: FileFolderOptions): FileFolder {
  const { files, root, clock, random, sync } = options
  const own = (...names: readonly string[]): string => [root, OWN, ...names].join('/')
  const fileOf = (key: string): string => [root, ...pathOfKey(key)].join('/')

  function hashOf(key: string): string {
    return encodeHex(sha256(encodeUtf8(key)))
  }

  /**
   * Notes belong to a file of this very time and size, so that the rename of the file commits both.
   */
  function notesPath(key: string, { mtimeMs, size }: Pick<FileStatus, 'mtimeMs' | 'size'>): string {
    return own('notes', hashOf(key), `${Math.floor(mtimeMs)}-${size}.json`)
  }

  async function readNotes(key: string, status: FileStatus): Promise<FileNotes | null> {
    try {
      // Only this room writes there.
      return JSON.parse(await files.readFile(notesPath(key, status), 'utf8')) as FileNotes
    } catch (error) {
      if (fileErrorCode(error) === 'ENOENT') return null
      throw error
    }
  }

  async function notesOf(key: string, status: FileStatus): Promise<FileNotes> {
    const etag = `${Math.floor(status.mtimeMs).toString(36)}-${status.size.toString(36)}`
    return (await readNotes(key, status)) ?? { key, etag, properties: {}, tags: {} }
  }

  async function statusOf(key: string): Promise<FileStatus | null> {
    try {
      const status = await files.lstat(fileOf(key))
      return status.isFile() ? status : null
    } catch (error) {
      if (isAbsent(error)) return null
      throw error
    }
  }

  async function open(key: string): Promise<OpenFile | null> {
    for (let attempt = 1; ; attempt++) {
      const status = await statusOf(key)
      if (status === null) return null
      let handle: FileHandle
      try {
        handle = await files.open(fileOf(key), 'r')
      } catch (error) {
        if (isAbsent(error)) return null
        throw error
      }
      try {
        const { size, mtimeMs } = await handle.stat()
        // Another one may have taken its place between the two.
        const same = size === status.size && mtimeMs === status.mtimeMs
        const notes = same ? await readNotes(key, status) : null
        if (notes === null && attempt < 3 && !(same && (await isUnchanged(key, status)))) {
          await handle.close()
          continue
        }
        const known = notes ?? (await notesOf(key, status))
        return { handle, size, modifiedAt: Math.floor(mtimeMs), notes: known }
      } catch (error) {
        await handle.close()
        throw error
      }
    }
  }

  async function isUnchanged(key: string, { size, mtimeMs }: FileStatus): Promise<boolean> {
    const now = await statusOf(key)
    return now !== null && now.size === size && now.mtimeMs === mtimeMs
  }

  /** One writer of a key at a time, also among processes. */
  async function locked<Result>(key: string, act: () => Promise<Result>): Promise<Result> {
    const path = own('locks', hashOf(key))
    await files.mkdir(own('locks'), { recursive: true })
    for (let attempt = 1; ; attempt++) {
      try {
        const handle = await files.open(path, 'wx')
        await handle.close()
        break
      } catch (error) {
        if (fileErrorCode(error) !== 'EEXIST') throw error
      }
      const held = await files.stat(path).catch(() => null)
      if (held !== null && clock.now() - held.mtimeMs > LOCK_LIFE_MS) {
        // Renamed first: of several that find it so, one has it.
        const stale = `${path}.${encodeHex(random.bytes(8))}`
        await files.rename(path, stale).then(
          () => files.unlink(stale),
          () => undefined,
        )
        continue
      }
      if (attempt === LOCK_TRIES)
        throw new StorageError('throttled', 'Cannot write object: others write it all the time')
      await new Promise<void>((resolve) => void clock.setTimer(resolve, LOCK_PAUSE_MS))
    }
    try {
      return await act()
    } finally {
      await files.unlink(path).catch(() => undefined)
    }
  }

  async function check(
    key: string,
    status: FileStatus | null,
    { ifMatch, ifNoneMatch }: FileCondition,
  ): Promise<void> {
    const holds =
      (ifNoneMatch === undefined || status === null) &&
      (ifMatch === undefined || (status !== null && (await notesOf(key, status)).etag === ifMatch))
    if (!holds)
      throw new StorageError('precondition_failed', 'Cannot write object: another one is there')
  }

  async function commit(
    key: string,
    path: string,
    given: Pick<FileNotes, 'properties' | 'tags' | 'upload'>,
    condition: FileCondition,
  ): Promise<{ readonly etag: string; readonly modifiedAt: number }> {
    if (sync) await syncPath(path)
    return locked(key, async () => {
      const before = await statusOf(key)
      await check(key, before, condition)
      // Later than what was there: time and size are what tells two files of one key apart.
      const modifiedAt = Math.max(Math.floor(clock.now()), Math.floor(before?.mtimeMs ?? 0) + 1)
      const seconds = (modifiedAt + 0.25) / 1000
      await files.utimes(path, seconds, seconds)
      const status = await files.stat(path)
      const etag = encodeHex(random.bytes(12))
      await writeNotes(key, status, { key, etag, ...given })
      try {
        await place(key, path, condition)
      } catch (error) {
        await files.unlink(notesPath(key, status)).catch(() => undefined)
        throw error
      }
      if (before !== null) await files.unlink(notesPath(key, before)).catch(() => undefined)
      if (sync) await syncPath(fileOf(key).replace(/\/[^/]+$/, ''))
      return { etag, modifiedAt }
    })
  }

  async function writeNotes(key: string, status: FileStatus, notes: FileNotes): Promise<void> {
    const path = notesPath(key, status)
    await files.mkdir(path.replace(/\/[^/]+$/, ''), { recursive: true })
    const draft = `${path}.${encodeHex(random.bytes(8))}`
    await files.writeFile(draft, JSON.stringify(notes))
    if (sync) await syncPath(draft)
    await files.rename(draft, path)
  }

  async function place(key: string, path: string, { ifNoneMatch }: FileCondition): Promise<void> {
    const target = fileOf(key)
    for (let attempt = 1; ; attempt++) {
      await files.mkdir(target.replace(/\/[^/]+$/, ''), { recursive: true })
      try {
        if (ifNoneMatch === undefined) return await files.rename(path, target)
        // Unlike a rename, a link never takes the place of a file.
        await files.link(path, target)
        return await files.unlink(path)
      } catch (error) {
        // A folder that became empty was removed just now.
        if (fileErrorCode(error) === 'ENOENT' && attempt < 5) continue
        if (fileErrorCode(error) === 'EEXIST' && (await statusOf(key)) !== null)
          throw new StorageError('precondition_failed', 'Cannot write object: another one is there')
        throw error
      }
    }
  }

  async function remove(key: string, ifMatch: string | undefined): Promise<void> {
    if ((await statusOf(key)) === null) return
    await locked(key, async () => {
      const status = await statusOf(key)
      if (status === null) return
      await check(key, status, { ifMatch, ifNoneMatch: undefined })
      await files.unlink(fileOf(key)).catch((error: unknown) => {
        if (!isAbsent(error)) throw error
      })
      await files.rm(own('notes', hashOf(key)), { recursive: true, force: true })
    })
    const names = pathOfKey(key)
    for (let depth = names.length - 1; depth > 0; depth--) {
      try {
        await files.rmdir([root, ...names.slice(0, depth)].join('/'))
      } catch {
        // Something else lies in it, and so in all above.
        return
      }
    }
  }

  async function syncPath(path: string): Promise<void> {
    // Folders cannot be opened everywhere; where they can, their entries are written down.
    const handle = await files.open(path, 'r').catch(() => null)
    if (handle === null) return
    await handle.sync().catch(() => undefined)
    await handle.close()
  }

  return {
    root,
    own,
    open,
    commit,
    remove,
    async newFile() {
      await files.mkdir(own('drafts'), { recursive: true })
      return own('drafts', encodeHex(random.bytes(16)))
    },
    note: (key, change) =>
      locked(key, async () => {
        const status = await statusOf(key)
        if (status === null) return false
        await writeNotes(key, status, change(await notesOf(key, status)))
        return true
      }),
  }
}

function isAbsent(error: unknown): boolean {
  const code = fileErrorCode(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}
