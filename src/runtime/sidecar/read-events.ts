/** One event of a stream of them. */
export interface StreamedEvent {
  /** The empty text where there is none. */
  readonly id: string
  readonly data: string
}

/**
 * Reads a `text/event-stream`: `id` and `data` of each event; comments, names and retries are
 * skipped. Ends quietly where the stream does, without an event that was begun.
 *
 * @param maxBytes Most bytes of one event
 * @throws Error when an event is longer, or what the stream fails with
 */
export async function* readEvents(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<StreamedEvent, void, undefined> {
  const reader = stream.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let [id, data]: [string, string[]] = ['', []]
  let length = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      text += decoder.decode(value, { stream: true })
      for (
        let end = text.search(/\r\n|\n|\r(?!$)/);
        end >= 0;
        end = text.search(/\r\n|\n|\r(?!$)/)
      ) {
        const line = text.slice(0, end)
        text = text.slice(text.startsWith('\r\n', end) ? end + 2 : end + 1)
        if (line === '') {
          if (data.length > 0) yield { id, data: data.join('\n') }
          ;[id, data, length] = ['', [], 0]
          continue
        }
        const [, name, content = ''] = /^(\w+)(?:: ?(.*))?$/.exec(line) ?? []
        if (name === 'id') id = content
        if (name === 'data') data.push(content)
        length += line.length
        if (length > maxBytes) throw new Error('An event is longer than it may be')
      }
      if (text.length > maxBytes) throw new Error('An event is longer than it may be')
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
