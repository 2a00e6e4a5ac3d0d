import { connect, type Socket } from 'node:net'

/** What a load of requests took. */
export interface Load {
  readonly perSecond: number
  /** ms of each request, in no order. */
  readonly latencies: readonly number[]
}

/**
 * Asks for one address so many times over kept connections, each with one request on its way. It
 * writes and reads the bytes itself: a client of Node takes longer for a request than the servers that are measured.
 *
 * @throws Error when an answer is not 200
 */
export async function loadWith(
  url: string,
  headers: Readonly<Record<string, string>>,
  { requests, connections }: { readonly requests: number; readonly connections: number },
): Promise<Load> {
  const { hostname, port, host, pathname } = new URL(url)
  const lines = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  const request = Buffer.from(`GET ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n`)
  const latencies: number[] = []
  let left = requests
  const startedAt = performance.now()
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect(Number(port), hostname).setNoDelay(true)
      try {
        await lane(socket, request, () => left-- > 0, latencies)
      } finally {
        socket.destroy()
      }
    }),
  )
  return { perSecond: (requests * 1000) / (performance.now() - startedAt), latencies }
}

function lane(
  socket: Socket,
  request: Buffer,
  isMore: () => boolean,
  latencies: number[],
): Promise<void> {
  return new Promise((done, fail) => {
    let [sentAt, said] = [0, '']
    const send = (): void => {
      if (!isMore()) return done()
      said = ''
      sentAt = performance.now()
      socket.write(request)
    }
    socket.once('connect', send).once('error', fail)
    socket.once('close', () => fail(new Error('Cannot measure: the server closed a connection')))
    socket.setEncoding('latin1').on('data', (text: string) => {
      said += text
      if (!isWhole(said)) return
      if (!said.startsWith('HTTP/1.1 200 '))
        fail(new Error(`Cannot measure: ${said.slice(0, 500)}`))
      latencies.push(performance.now() - sentAt)
      send()
    })
  })
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n')
  if (end === -1) return false
  const length = /\r\ncontent-length: (\d+)/i.exec(answer.slice(0, end))?.[1]
  return length === undefined
    ? answer.endsWith('\r\n0\r\n\r\n')
    : answer.length >= end + 4 + Number(length)
}
