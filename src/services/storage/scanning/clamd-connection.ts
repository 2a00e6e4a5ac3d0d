/** A TCP connection as `connect()` of `cloudflare:sockets` makes it. */
export interface ClamdSocket {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  close(): Promise<void>
}

/** Opens connections: `connect` of `cloudflare:sockets`, or `connectSocket` of `…/runtime/node`. */
export type ClamdConnect = (
  address: { readonly hostname: string; readonly port: number },
  options: { readonly secureTransport: 'on' | 'off'; readonly allowHalfOpen: false },
) => ClamdSocket

/** Most of an answer: the name of a signature is far shorter. */
const MOST_REPLY_CHARACTERS = 4096
/** Bytes of one chunk that clamd is sent. */
const CHUNK_BYTES = 1_048_576

/**
 * Has clamd look at bytes (`INSTREAM`), reading while it writes: clamd answers and closes in the
 * middle of what is too long for it.
 *
 * @returns Its answer, as `stream: OK`
 * @throws Error when the connection ends without one
 */
export async function askInstream(
  socket: ClamdSocket,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const reply = replyOf(socket)
  const writing = write(socket, framed(bytes))
  // A write that fails says less than the answer that made it fail.
  writing.catch(() => undefined)
  return reply
}

/** @returns clamd's answer to a command without data, as `VERSION` */
export async function askCommand(socket: ClamdSocket, command: string): Promise<string> {
  const reply = replyOf(socket)
  const writing = write(socket, [new TextEncoder().encode(`z${command}\0`)])
  writing.catch(() => undefined)
  return reply
}

function* framed(bytes: Uint8Array<ArrayBuffer>): Generator<Uint8Array<ArrayBuffer>> {
  const command = new TextEncoder().encode('zINSTREAM\0')
  if (bytes.length <= CHUNK_BYTES) {
    // All in one write: a small file is one packet or few.
    const whole = new Uint8Array(command.length + (bytes.length > 0 ? 4 : 0) + bytes.length + 4)
    whole.set(command)
    if (bytes.length > 0) {
      whole.set(lengthOf(bytes.length), command.length)
      whole.set(bytes, command.length + 4)
    }
    yield whole
    return
  }
  yield command
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    const chunk = bytes.subarray(at, at + CHUNK_BYTES)
    yield lengthOf(chunk.length)
    yield chunk
  }
  yield lengthOf(0)
}

function lengthOf(bytes: number): Uint8Array<ArrayBuffer> {
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, bytes)
  return length
}

async function write(
  { writable }: ClamdSocket,
  chunks: Iterable<Uint8Array<ArrayBuffer>>,
): Promise<void> {
  const writer = writable.getWriter()
  for (const chunk of chunks) await writer.write(chunk)
}

async function replyOf({ readable }: ClamdSocket): Promise<string> {
  const reader = readable.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (value !== undefined) text += decoder.decode(value, { stream: true })
    const end = text.indexOf('\0')
    if (end >= 0) return text.slice(0, end)
    if (done) throw new Error('The connection ended without a whole answer')
    if (text.length > MOST_REPLY_CHARACTERS) throw new Error('The answer is longer than one')
  }
}
