import { InfrastructureError } from '../../ports/infrastructure-error.ts'

/**
 * A job does not fit into one message of Cloudflare Queues; nothing was sent. Keep the data
 * elsewhere and send its key.
 */
export class MessageTooLargeError extends InfrastructureError<'message_too_large'> {
  override readonly name = 'MessageTooLargeError'
  readonly bytes: number

  constructor(job: string, bytes: number, maxBytes: number) {
    const shown = JSON.stringify(job.slice(0, 100))
    super(
      'message_too_large',
      `Cannot send job ${shown}: the message has ${bytes} bytes, at most ${maxBytes} allowed`,
      { status: 413 },
    )
    this.bytes = bytes
  }
}
