import { NotConfiguredError } from '../../../runtime/ports/not-configured-error.ts'
import { createStorage, type Storage, type StorageOptions } from './create-storage.ts'

let configured: Storage | undefined

/**
 * Chooses what `uploadFile`, `downloadFile` and the other free functions act on.
 *
 * @param storage What `createStorage` made, or its options; `undefined` takes the choice back
 *
 * @example
 * configureStorage({ backend: sqlite('app.db'), stores: { local: fileSystem('./files') } })
 * await uploadFile(file, 'local', 'avatars')
 */
export function configureStorage(storage: Storage | StorageOptions): Storage
export function configureStorage(storage: undefined): undefined
export function configureStorage(
  storage: Storage | StorageOptions | undefined,
): Storage | undefined {
  configured = storage === undefined || 'upload' in storage ? storage : createStorage(storage)
  return configured
}

/** @throws NotConfiguredError when nothing was configured */
export function configuredStorage(action: string): Storage {
  if (configured !== undefined) return configured
  throw new NotConfiguredError(action, 'configureStorage({ backend, stores })')
}
