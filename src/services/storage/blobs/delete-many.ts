import { StorageError } from '../storage-error.ts'
import type { BlobContext } from './blob-context.ts'
import type { DriverFailures } from './blob-driver.ts'
import { checkBlobKey } from './blob-key.ts'
import type { CallOptions, DeletedBlobs } from './blob-store.ts'

const KEYS_PER_REQUEST = 1000
const AT_ONCE = 8

/** Removes objects, many at a time, with a result for each. */
export async function deleteMany(
  { driver, call }: BlobContext,
  keys: readonly string[],
  { signal }: CallOptions = {},
): Promise<DeletedBlobs> {
  const given: unknown = keys
  // The letters of a text would be keys too.
  if (!Array.isArray(given)) throw new TypeError('Cannot delete objects: a list of keys expected')
  const wanted = [...new Set(keys)]
  for (const key of wanted) checkBlobKey(key, driver.capabilities)
  const failed = new Map<string, StorageError>()
  for (let start = 0; start < wanted.length; start += KEYS_PER_REQUEST) {
    const some = wanted.slice(start, start + KEYS_PER_REQUEST)
    const failures = await removeSome(some)
    for (const { key, error } of failures) failed.set(key, error)
  }
  return {
    deleted: wanted.filter((key) => !failed.has(key)),
    failed: [...failed].map(([key, error]) => ({ key, error })),
  }

  async function removeSome(some: readonly string[]): Promise<DriverFailures> {
    if (driver.deleteMany === undefined) return oneByOne(some)
    return call(
      signal,
      async (current) => (await driver.deleteMany?.(some, { signal: current })) ?? [],
    )
  }

  async function oneByOne(some: readonly string[]): Promise<DriverFailures> {
    const waiting = [...some]
    const failures: { key: string; error: StorageError }[] = []
    const lane = async (): Promise<void> => {
      for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
        const current = key
        const asked = { versionId: undefined, ifMatch: undefined }
        try {
          await call(signal, (given) => driver.delete(current, { ...asked, signal: given }))
        } catch (error) {
          if (!(error instanceof StorageError)) throw error
          failures.push({ key, error })
        }
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, lane))
    return failures
  }
}
