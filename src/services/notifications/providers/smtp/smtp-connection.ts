/** A connection as `connect()` of `cloudflare:sockets` makes it. */
export interface SmtpSocket {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  /** Begins TLS on the same connection. */
  startTls(options?: { readonly expectedServerHostname?: string }): SmtpSocket
  close(): Promise<void>
}

/** Opens connections: `connect` of `cloudflare:sockets`, or `connectSocket` of `…/runtime/node`. */
export type SmtpConnect = (
  address: { readonly hostname: string; readonly port: number },
  options: { readonly secureTransport: 'on' | 'off' | 'starttls'; readonly allowHalfOpen: false },
) => SmtpSocket

/** A server's answer to one command. */
export interface SmtpReply {
  /** Three digits. */
  readonly code: number
  /** The enhanced code of RFC 3463, as `5.1.1`; `null` where there is none. */
  readonly enhanced: string | null
  readonly lines: readonly string[]
}

/** The lines of one connection, in both directions. */
export interface SmtpLines {
  /** Writes one line, or a whole message. */
  write(text: string): Promise<void>
  /** @throws Error when the server closes, or says what is no SMTP */
  reply(): Promise<SmtpReply>
  /** Lets go of the streams, so that TLS can begin on the connection. */
  release(): void
}

/** Most of an answer: a server that says more is none of mail. */
const MOST_REPLY_CHARACTERS = 65_536

export function createSmtpLines({ readable, writable }: SmtpSocket): SmtpLines {
  const reader = readable.getReader()
  const writer = writable.getWriter()
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  let text = ''

  async function line(): Promise<string> {
    for (;;) {
      const end = text.indexOf('\n')
      if (end >= 0) {
        const read = text.slice(0, end).replace(/\r$/, '')
        text = text.slice(end + 1)
        return read
      }
      if (text.length > MOST_REPLY_CHARACTERS) throw new Error('The answer has too long a line')
      const { done, value } = await reader.read()
      if (done) throw new Error('The server closed the connection')
      text += decoder.decode(value, { stream: true })
    }
  }

  return {
    write: (content) => writer.write(encoder.encode(content)),
    async reply() {
      const lines: string[] = []
      let length = 0
      for (;;) {
        const [, digits, mark, rest = ''] = /^(\d{3})([ -]?)(.*)$/.exec(await line()) ?? []
        if (digits === undefined) throw new Error('The answer is not one of SMTP')
        lines.push(rest)
        length += rest.length + digits.length
        if (length > MOST_REPLY_CHARACTERS) throw new Error('The answer has too many lines')
        if (mark === '-') continue
        const enhanced = /^([245]\.\d{1,3}\.\d{1,3})\b/.exec(lines[0] ?? '')?.[1] ?? null
        return { code: Number(digits), enhanced, lines }
      }
    },
    release() {
      reader.releaseLock()
      writer.releaseLock()
    },
  }
}
