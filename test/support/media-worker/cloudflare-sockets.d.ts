/** The part of the module that the Worker uses; its own types do not go with those of a browser. */
declare module 'cloudflare:sockets' {
  export const connect: import('../../../src/services/storage/scanning/clamd-connection.ts').ClamdConnect
}
