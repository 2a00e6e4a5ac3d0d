import { InfrastructureError } from '../../ports/infrastructure-error.ts'

/**
 * The queue was last set up by a BullMQ whose keys are not known here; nothing was written.
 *
 * The version stands in the queue's `meta` hash, where every `Queue` of BullMQ writes its own.
 */
export class BullmqVersionError extends InfrastructureError<'unsupported_bullmq_version'> {
  override readonly name = 'BullmqVersionError'
  /** What `meta` says, as in `bullmq:7.0.0`, cut to 100 characters. */
  readonly version: string

  /** @param expected How a known version starts, as in `bullmq:6.` */
  constructor(queue: string, version: string, expected: string) {
    const [shownQueue, shownVersion, start] = [queue, version, expected].map((text) =>
      JSON.stringify(text),
    )
    super(
      'unsupported_bullmq_version',
      `Cannot add jobs to BullMQ queue ${shownQueue}: its meta says ${shownVersion}, a version that starts with ${start} expected`,
    )
    this.version = version
  }
}
