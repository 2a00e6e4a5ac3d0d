export { AddressRefusedError } from './address-refused-error.ts'
export { pinnedFetch, type PinnedFetchOptions } from './pinned-fetch.ts'
export type { FoundAddress } from './found-address.ts'
export type { LookUpHost } from './look-up-host.ts'
