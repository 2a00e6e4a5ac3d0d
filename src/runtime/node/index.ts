export { AddressRefusedError } from './address-refused-error.ts'
export { pinnedFetch, type PinnedFetchOptions } from './pinned-fetch.ts'
export type { FoundAddress, LookUpHost } from './look-up-host.ts'
