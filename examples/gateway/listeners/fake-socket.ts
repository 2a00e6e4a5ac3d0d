import type { CloseReason, RelaySocket } from './listeners.ts'

/** A WebSocket that only remembers, for tests. */
export interface FakeSocket extends RelaySocket {
  /** What was sent, as it was. */
  readonly sent: readonly string[]
  readonly closes: readonly CloseReason[]
  /** What was sent that is JSON. */
  frames(): readonly Readonly<Record<string, unknown>>[]
}

/** @param onSend Sees what is sent, and may throw as a closed socket does */
export function fakeSocket(id: string, onSend: (text: string) => void = () => {}): FakeSocket {
  const sent: string[] = []
  const closes: CloseReason[] = []
  return {
    ...{ id, sent, closes },
    send(text) {
      onSend(text)
      sent.push(text)
    },
    close: (code, reason) => void closes.push({ code, reason }),
    frames: () =>
      sent
        .filter((text) => text.startsWith('{'))
        .map((text) => JSON.parse(text) as Readonly<Record<string, unknown>>),
  }
}
