/**
 * The queue was last set up by a BullMQ whose keys are not known here; nothing was written.
 *
 * The version stands in the queue's `meta` hash, where every `Queue` of BullMQ writes its own.
 */
export class BullmqVersionError extends Error {
  override readonly name = 'BullmqVersionError'
  readonly code = 'unsupported_bullmq_version'
  /** What `meta` says, as in `bullmq:7.0.0`, cut to 100 characters. */
  readonly version: string

  /** @param expected How a known version starts, as in `bullmq:6.` */
  constructor(queue: string, version: string, expected: string) {
    super(
      `Cannot add jobs to BullMQ queue ${JSON.stringify(queue)}: its meta says ${JSON.stringify(version)}, a version that starts with ${JSON.stringify(expected)} expected`,
    )
    this.version = version
  }
}
