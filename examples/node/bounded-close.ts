import type { Socket } from 'node:net'

/** What is used of a server of `node:http`. */
export interface ClosableServer {
  on(event: 'connection', listener: (socket: Socket) => void): unknown
  close(done: (error?: Error) => void): unknown
  closeIdleConnections(): void
  closeAllConnections(): void
}

const LOOK_MS = 100

/**
 * Sees to it, from the start, that a server can be closed within a time: it then takes no more
 * connections, and closes those on which nothing is asked at once. On others what is asked is
 * answered, for as long as the grace lasts, and then cut off.
 *
 * @returns What closes it, and says whether all was answered
 */
export function boundedClose(server: ClosableServer, graceMs: number): () => Promise<boolean> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })

  function closeIdle(): void {
    // A connection that has its answer is kept for a next request, which is not to come.
    server.closeIdleConnections()
    // Node does not count those as idle on which nothing was ever asked.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  }

  return () =>
    new Promise((done) => {
      let isWhole = true
      const late = setTimeout(() => {
        isWhole = false
        server.closeAllConnections()
      }, graceMs)
      const look = setInterval(closeIdle, LOOK_MS)
      server.close(() => {
        clearTimeout(late)
        clearInterval(look)
        done(isWhole)
      })
      closeIdle()
    })
}
