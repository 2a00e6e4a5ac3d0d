/** A WebSocket, as far as it is used here. */
export interface ListenSocket {
  send(text: string): void
  close(code: number, reason: string): void
}

/** What is told of a {@link ListenSocket}. */
export interface ListenSocketEvents {
  message(data: unknown): void
  /** @param code As WebSockets have it; 1006 where no connection came about, or it broke */
  closed(code: number): void
}

/** Opens a WebSocket with these headers, among them the credential. */
export type OpenListenSocket = (
  url: string,
  headers: Readonly<Record<string, string>>,
  events: ListenSocketEvents,
) => ListenSocket

/** The platform's own: that of Node takes headers, beyond the web's standard. */
export const openPlatformSocket: OpenListenSocket = (url, headers, events) => {
  const HeaderSocket = WebSocket as unknown as new (
    url: string,
    options: { readonly headers: Readonly<Record<string, string>> },
  ) => WebSocket
  const socket = new HeaderSocket(url, { headers })
  socket.addEventListener('message', ({ data }) => events.message(data))
  socket.addEventListener('close', ({ code }) => events.closed(code))
  return {
    send: (text) => socket.send(text),
    close: (code, reason) => socket.close(code, reason),
  }
}
