import type { Clock } from '../../runtime/ports/platform/clock.ts'
import { readFrame, writeAnswer, type LocalAnswer, type RelayedDelivery } from './frames.ts'
import type { ListenSocket, OpenListenSocket } from './listen-socket.ts'

/** One connection to the gateway. */
export interface ConnectionOptions {
  readonly open: OpenListenSocket
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly clock: Clock
  /** Aborts at ctrl-c: what is on its way is answered still, and then it ends. */
  readonly signal: AbortSignal
  /** Deliveries come from now on. */
  onReady(): void
  /** Does the work of one delivery; it does not reject. @param cut Aborts when nobody waits */
  forward(delivery: RelayedDelivery, cut: AbortSignal): Promise<LocalAnswer>
}

/** How it ended. */
export interface ConnectionEnd {
  /** `null` where we have ended it. */
  readonly code: number | null
  /** How long deliveries could come, ms; `null` where none ever could. */
  readonly readyMs: number | null
}

/** So long it may take until deliveries come. */
const READY_MS = 15_000
const PING_MS = 20_000
/** Without a word for so long the gateway is gone, whatever the connection says. */
const SILENT_MS = 50_000
/** What is on its way at the end has so long. */
const GRACE_MS = 3000
/** More than a gateway has on its way at once. */
const MOST_AT_ONCE = 256

/** Listens on one connection until it ends, or `signal` aborts. It does not reject. */
export function runConnection(options: ConnectionOptions): Promise<ConnectionEnd> {
  const { clock, signal } = options
  const { promise, resolve } = Promise.withResolvers<ConnectionEnd>()
  const now = (): number => (clock.elapsed ?? clock.now)()
  const cut = new AbortController()
  const running = new Set<Promise<void>>()
  let readyAt: number | null = null
  let heardAt = now()
  let cancelTimer = clock.setTimer(() => end(1006), READY_MS)
  let isOver = false

  const socket: ListenSocket = options.open(options.url, options.headers, {
    message: (data) => {
      heardAt = now()
      const frame = isOver ? null : readFrame(data)
      if (frame?.type === 'ready' && readyAt === null) becomeReady()
      if (frame?.type === 'delivery' && readyAt !== null && !signal.aborted) take(frame)
    },
    closed: (code) => end(code),
  })

  function becomeReady(): void {
    readyAt = now()
    cancelTimer()
    cancelTimer = clock.setTimer(look, PING_MS)
    options.onReady()
  }

  /** Asks now and then whether the gateway is there still. */
  function look(): void {
    if (now() - heardAt >= SILENT_MS) return end(1006)
    send(socket, 'ping')
    cancelTimer = clock.setTimer(look, PING_MS)
  }

  function take(delivery: RelayedDelivery): void {
    if (running.size >= MOST_AT_ONCE)
      return send(socket, writeAnswer(delivery.id, { reason: 'broken' }))
    const work = options.forward(delivery, cut.signal).then((answer) => {
      if (!isOver) send(socket, writeAnswer(delivery.id, answer))
      running.delete(work)
    })
    running.add(work)
  }

  function end(code: number | null): void {
    if (isOver) return
    isOver = true
    cancelTimer()
    signal.removeEventListener('abort', stop)
    cut.abort()
    close(socket)
    resolve({ code, readyMs: readyAt === null ? null : now() - readyAt })
  }

  function stop(): void {
    cancelTimer()
    cancelTimer = clock.setTimer(() => end(null), GRACE_MS)
    void Promise.all(running).then(() => end(null))
  }

  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  return promise
}

function send(socket: ListenSocket, text: string): void {
  try {
    socket.send(text)
  } catch {
    // It is closed, which it says by itself.
  }
}

function close(socket: ListenSocket): void {
  try {
    socket.close(1000, '')
  } catch {
    // It is closed already, or never was open.
  }
}
