import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A receiver in a process of its own. */
export interface Receiver {
  /** Answers 204 to whatever is sent; below `/dead/` it never answers. */
  readonly url: string
  stop(): Promise<void>
}

/** Starts this file as the receiver's process. */
export async function startReceiver(): Promise<Receiver> {
  const child = fork(new URL(import.meta.url))
  const [port] = await once(child, 'message')
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      const exited = once(child, 'exit')
      child.kill()
      await exited
    },
  }
}

if (import.meta.main) {
  const server = createServer((request, response) => {
    request.resume()
    if (request.url?.startsWith('/dead/') === true) return
    request.once('end', () => response.writeHead(204).end())
  })
  // No sender is to meet a connection that ends just now.
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    process.send?.(port)
  })
}
