import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import { StorageError } from '../storage-error.ts'
import type { BlobContext } from './blob-context.ts'
import { checkBlobKey, checkBucketName } from './blob-key.ts'
import { PROPERTY_NAMES } from './blob-properties.ts'
import type { BlobLocation, BlobStore, CopyOptions, StoredBlob } from './blob-store.ts'
import { plainEtag } from './plain-etag.ts'
import { propertiesOf } from './properties-of.ts'
import { putBlob } from './put-blob.ts'
import { need } from './need.ts'
import { checkWriteTerms } from './write-terms.ts'

/** Copies where the store can, else through this process. */
export async function copyBlob(
  context: BlobContext,
  from: BlobLocation,
  to: string,
  options: CopyOptions,
): Promise<StoredBlob> {
  const { driver, call, open } = context
  checkOptions(
    'copy object',
    options,
    [],
    [...PROPERTY_NAMES, 'storageClass', 'ifNoneMatch', 'ifSourceMatch', 'signal'],
  )
  checkParts('copy object', 'from', from, ['bucket'])
  checkBlobKey(from.key, driver.capabilities)
  checkBucketName(from.bucket)
  checkBlobKey(to, driver.capabilities)
  const { signal, ifNoneMatch, ifSourceMatch } = options
  if (ifNoneMatch !== undefined && driver.copy !== undefined)
    need(driver.capabilities, 'conditionalParts')
  const replaces = PROPERTY_NAMES.some((name) => options[name] !== undefined)
  const terms = checkWriteTerms(options, driver.capabilities)
  const { storageClass } = terms
  const properties = replaces ? terms.properties : null
  const home = open(from.bucket)
  const source = await home.head(from.key, { signal })
  if (source === null)
    throw new StorageError('not_found', 'Cannot copy object: there is none under this key')
  if (ifSourceMatch !== undefined && source.etag !== plainEtag(ifSourceMatch))
    throw new StorageError('precondition_failed', 'Cannot copy object: it is another one')
  const { copy } = driver
  if (copy !== undefined)
    return call(
      signal,
      (current) =>
        copy(from, to, { properties, storageClass, ifNoneMatch, source, signal: current }),
      ifNoneMatch === undefined,
    )
  const content = await home.get(from.key, { ifMatch: source.etag, signal })
  if (content === null)
    throw new StorageError('not_found', 'Cannot copy object: it went away meanwhile')
  return putBlob(context, to, content.body, {
    ...(properties ?? propertiesOf(source)),
    ...(content.bodySize !== null && { size: content.bodySize }),
    ...(storageClass !== undefined && { storageClass }),
    ...(ifNoneMatch && { ifNoneMatch }),
    signal,
  })
}

/** Copies, then removes what was copied, and nothing that took its place meanwhile. */
export async function moveBlob(
  store: BlobStore,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<StoredBlob> {
  if (from === to) throw new RangeError('Cannot move object: it is moved to where it is')
  const { signal } = options
  const found = await store.head(from, { signal })
  if (found === null)
    throw new StorageError('not_found', 'Cannot move object: there is none under this key')
  const { etag: ifMatch } = found
  const moved = await store.copy(from, to, { ifSourceMatch: ifMatch, ...options })
  if (store.capabilities.conditionalDelete) await store.delete(from, { ifMatch, signal })
  else if ((await store.head(from, { signal }))?.etag === ifMatch)
    await store.delete(from, { signal })
  return moved
}
