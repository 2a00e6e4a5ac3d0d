import type { Clock, RandomSource } from '@white-cross/reuse/infrastructure/runtime/ports'
import { hexOf } from '../access/digest.ts'
import { MOST_FRAME_CHARS, PING, PONG, readAnswer, writeDelivery } from './frames.ts'
import {
  CLOSE,
  type CloseReason,
  type RelayedRequest,
  type RelayFault,
  type RelayOutcome,
  type RelaySocket,
} from './listeners.ts'

/** The deliveries that are on their way to one listener. */
export interface Relay {
  /** Sends a delivery and waits for its answer; it does not reject. */
  deliver(socket: RelaySocket, request: RelayedRequest, signal?: AbortSignal): Promise<RelayOutcome>
  /** Takes a frame of the listener's, which may be anything. */
  take(socket: RelaySocket, frame: unknown): void
  /** Ends a connection of ours, and with it what waits for its answers. */
  close(socket: RelaySocket, reason: CloseReason): void
  /** The connection is gone. */
  lost(socket: RelaySocket): void
}

/** What {@link createRelay} is given. */
export interface RelayOptions {
  readonly clock: Clock
  readonly random: RandomSource
  /** How long an answer is waited for, ms. */
  readonly answerWithinMs: number
}

/** Deliveries on their way at once. */
export const MOST_IN_FLIGHT = 64
/** Their bodies together. */
export const MOST_IN_FLIGHT_BYTES = 8_000_000
/** Bodies sent since the last answer: whoever does not read makes us keep what was sent. */
const MOST_UNANSWERED_BYTES = 16_000_000
/** Frames that nobody waits for: pings, and answers that come too late. */
const MOST_UNASKED = 200
const UNASKED_MS = 10_000

interface Waiting {
  readonly socketId: string
  readonly bytes: number
  end(outcome: RelayOutcome): void
}

/**
 * Relays deliveries over WebSockets of any platform. Nothing that a listener sends, or fails to send,
 * costs more than the bounds above.
 */
export function createRelay({ clock, random, answerWithinMs }: RelayOptions): Relay {
  const waiting = new Map<string, Waiting>()
  let inFlightBytes = 0
  let unansweredBytes = 0
  let unasked = { count: 0, since: -Infinity }

  function lost({ id }: RelaySocket): void {
    for (const one of waiting.values()) if (one.socketId === id) one.end(failed('broken'))
    unansweredBytes = 0
  }

  function close(socket: RelaySocket, { code, reason }: CloseReason): void {
    lost(socket)
    try {
      socket.close(code, reason)
    } catch {
      // It is closed already.
    }
  }

  function noteUnasked(socket: RelaySocket): boolean {
    const now = (clock.elapsed ?? clock.now)()
    if (now - unasked.since > UNASKED_MS) unasked = { count: 0, since: now }
    if (++unasked.count <= MOST_UNASKED) return true
    close(socket, CLOSE.protocol)
    return false
  }

  return {
    lost,
    close,
    async deliver(socket, request, signal) {
      const bytes = request.body.length
      if (signal?.aborted === true) return failed('late')
      if (waiting.size >= MOST_IN_FLIGHT || inFlightBytes + bytes > MOST_IN_FLIGHT_BYTES)
        return failed('busy')
      if (unansweredBytes + bytes > MOST_UNANSWERED_BYTES) {
        close(socket, CLOSE.idle)
        return failed('broken')
      }
      // Chance, and no number: an answer from before may come to whoever has forgotten it.
      const id = hexOf(random.bytes(8))
      const { promise, resolve } = Promise.withResolvers<RelayOutcome>()
      const end = (outcome: RelayOutcome): void => {
        if (waiting.delete(id)) inFlightBytes -= bytes
        cancel()
        signal?.removeEventListener('abort', late)
        resolve(outcome)
      }
      const late = (): void => end(failed('late'))
      const cancel = clock.setTimer(late, answerWithinMs)
      signal?.addEventListener('abort', late, { once: true })
      waiting.set(id, { socketId: socket.id, bytes, end })
      inFlightBytes += bytes
      unansweredBytes += bytes
      try {
        socket.send(writeDelivery(id, request, answerWithinMs))
      } catch {
        end(failed('broken'))
      }
      return promise
    },
    take(socket, frame) {
      if (typeof frame !== 'string' || frame.length > MOST_FRAME_CHARS)
        return close(socket, CLOSE.protocol)
      if (frame === PING) {
        if (noteUnasked(socket)) send(socket, PONG)
        return
      }
      const answer = readAnswer(frame)
      if (answer === null) return close(socket, CLOSE.protocol)
      const asked = waiting.get(answer.id)
      if (asked === undefined || asked.socketId !== socket.id) {
        noteUnasked(socket)
        return
      }
      unansweredBytes = 0
      asked.end(answer.outcome)
    },
  }
}

function send(socket: RelaySocket, text: string): void {
  try {
    socket.send(text)
  } catch {
    // It is closed, which its platform says.
  }
}

function failed(fault: RelayFault): RelayOutcome {
  return { kind: 'failed', fault }
}
