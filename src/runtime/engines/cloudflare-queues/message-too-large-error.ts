/** A job does not fit into one message of Cloudflare Queues; nothing was sent. Keep the data elsewhere and send its key. */
export class MessageTooLargeError extends RangeError {
  override readonly name = 'MessageTooLargeError'
  readonly code = 'message_too_large'
  readonly bytes: number

  constructor(job: string, bytes: number, maxBytes: number) {
    super(
      `Cannot send job ${JSON.stringify(job.slice(0, 100))}: the message has ${bytes} bytes, at most ${maxBytes} allowed`,
    )
    this.bytes = bytes
  }
}
