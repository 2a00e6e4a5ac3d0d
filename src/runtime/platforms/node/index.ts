export { BackendError, type BackendErrorCode } from '../../ports/backend-error.ts'
export { InfrastructureError } from '../../ports/infrastructure-error.ts'
export { AddressRefusedError } from './address-refused-error.ts'
export {
  connectSocket,
  type ConnectSocketOptions,
  type SocketConnection,
} from './connect-socket.ts'
export { http2Fetch, type Http2FetchOptions } from './http2-fetch.ts'
export { pinnedFetch, type PinnedFetch, type PinnedFetchOptions } from './pinned-fetch.ts'
export type { FoundAddress } from './found-address.ts'
export type { LookUpHost } from './look-up-host.ts'
