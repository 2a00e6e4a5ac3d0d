/** What is used of `ws`, which brings no types. */
declare module 'ws' {
  import type { IncomingMessage } from 'node:http'
  import type { Duplex } from 'node:stream'

  export interface ServerSocket {
    send(text: string): void
    close(code: number, reason: string): void
    terminate(): void
    on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): this
    on(event: 'close' | 'error', listener: () => void): this
  }

  export class WebSocketServer {
    constructor(options: {
      readonly noServer: true
      readonly perMessageDeflate: false
      readonly maxPayload: number
    })
    handleUpgrade(
      request: IncomingMessage,
      stream: Duplex,
      head: Buffer,
      done: (socket: ServerSocket) => void,
    ): void
  }
}
