import { connect } from 'node:net'

/** One reply in RESP2: text, integer, nil, list, or an error as a value, so that a list can hold one. */
export type RespReply = string | number | null | RespError | readonly RespReply[]

/** An error that the server replied. */
export class RespError extends Error {
  override readonly name = 'RespError'
}

/** A plain connection to a redis-server: what the tests' own tools speak. */
export interface RespClient {
  /** @throws RespError when the server replies an error, Error when the connection ends first */
  send(args: readonly string[]): Promise<RespReply>
  close(): void
}

/** Connects to loopback. Replies come in the order of the commands. */
export function connectResp(port: number): Promise<RespClient> {
  return new Promise((resolve, reject) => {
    const waiting: PromiseWithResolvers<RespReply>[] = []
    const reader = createRespReader((reply) => {
      const next = waiting.shift()
      if (reply instanceof RespError) next?.reject(reply)
      else next?.resolve(reply)
    })
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let failure = new Error('Cannot send to Redis: the connection is closed')
    let open = false
    socket.on('data', reader)
    socket.on('error', (error) => (failure = error))
    socket.on('close', () => {
      open = false
      reject(failure)
      for (const { reject: rejectOne } of waiting.splice(0)) rejectOne(failure)
    })
    socket.on('connect', () => {
      open = true
      resolve({
        send(args) {
          const reply = Promise.withResolvers<RespReply>()
          if (!open) reply.reject(failure)
          else {
            waiting.push(reply)
            socket.write(encodeCommand(args))
          }
          return reply.promise
        },
        close: () => socket.destroy(),
      })
    })
  })
}

function encodeCommand(args: readonly string[]): Buffer {
  const parts = args.flatMap((arg) => {
    const bytes = Buffer.from(arg)
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]
  })
  return Buffer.concat([Buffer.from(`*${args.length}\r\n`), ...parts])
}

/** Takes bytes as they come and hands on every reply that is complete. */
function createRespReader(onReply: (reply: RespReply) => void): (chunk: Buffer) => void {
  let chunks: Buffer[] = []
  return (chunk) => {
    chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    let at = 0
    for (;;) {
      const read = readReply(bytes, at)
      if (read === null) break
      at = read.end
      onReply(read.reply)
    }
    chunks = [bytes.subarray(at)]
  }
}

/** @returns The reply that starts at `start` and where it ends, or `null` when bytes are missing */
function readReply(
  bytes: Buffer,
  start: number,
): { readonly reply: RespReply; readonly end: number } | null {
  const lineEnd = bytes.indexOf('\r\n', start)
  if (lineEnd < 0) return null
  const kind = String.fromCharCode(bytes[start] ?? 0)
  const line = bytes.toString('utf8', start + 1, lineEnd)
  const end = lineEnd + 2
  switch (kind) {
    case '+':
      return { reply: line, end }
    case '-':
      return { reply: new RespError(line), end }
    case ':':
      return { reply: Number(line), end }
    case '$': {
      const length = Number(line)
      if (length < 0) return { reply: null, end }
      if (bytes.length < end + length + 2) return null
      return { reply: bytes.toString('utf8', end, end + length), end: end + length + 2 }
    }
    case '*': {
      const items: RespReply[] = []
      if (Number(line) < 0) return { reply: null, end }
      let at = end
      while (items.length < Number(line)) {
        const item = readReply(bytes, at)
        if (item === null) return null
        items.push(item.reply)
        at = item.end
      }
      return { reply: items, end: at }
    }
    default:
      throw new Error(`Cannot read RESP: a reply starts with ${JSON.stringify(kind)}`)
  }
}
