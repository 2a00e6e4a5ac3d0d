declare module 'http_ece' {
  import type { ECDH } from 'node:crypto'
  const library: {
    decrypt(
      body: Buffer,
      options: {
        readonly version: 'aes128gcm'
        readonly privateKey: ECDH
        readonly authSecret: Buffer
      },
    ): Buffer
  }
  export default library
}

declare module 'web-push' {
  const library: {
    generateRequestDetails(
      subscription: unknown,
      payload: string,
      options: unknown,
    ): { readonly headers: Readonly<Record<string, string>> }
  }
  export default library
}

declare module 'smtp-server' {
  import type { Readable } from 'node:stream'
  import type { Server } from 'node:net'

  export interface SMTPSession {
    readonly envelope: {
      readonly mailFrom: { readonly address: string; readonly args: unknown } | false
      readonly rcptTo: readonly { readonly address: string }[]
    }
    readonly secure: boolean
    readonly user?: unknown
  }

  type Callback = (error?: Error | null, value?: unknown) => void

  export class SMTPServer {
    readonly server: Server
    constructor(options: {
      readonly secure?: boolean
      readonly key?: string
      readonly cert?: string
      readonly authOptional?: boolean
      readonly disabledCommands?: readonly string[]
      readonly hideSMTPUTF8?: boolean
      readonly authMethods?: readonly string[]
      readonly onAuth?: (
        auth: { readonly username: string; readonly password: string },
        session: SMTPSession,
        callback: Callback,
      ) => void
      readonly onMailFrom?: (address: unknown, session: SMTPSession, callback: Callback) => void
      readonly onRcptTo?: (
        address: { readonly address: string },
        session: SMTPSession,
        callback: Callback,
      ) => void
      readonly onData?: (stream: Readable, session: SMTPSession, callback: Callback) => void
    })
    on(event: 'error', listener: () => void): void
    listen(port: number, host: string, listener: () => void): void
    close(listener: () => void): void
  }
}
