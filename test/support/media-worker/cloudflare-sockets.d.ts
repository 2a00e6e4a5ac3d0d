/** The part of the module that the Worker uses; its own types do not go with those of a browser. */
declare module 'cloudflare:sockets' {
  import type { ClamdConnect } from '@white-cross/reuse/infrastructure/storage/scanning'
  export const connect: ClamdConnect
}
