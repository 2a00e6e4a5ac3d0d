import { checkOptions, checkParts } from '../../primitives/check-options.ts'
import type { Backend } from '../ports/backend.ts'
import { systemClock, type Clock } from '../ports/platform/clock.ts'
import type { Service, ServiceRunOptions } from '../ports/service.ts'
import { createJobWorker } from './job-worker.ts'

/** Options of {@link runServices}. */
export interface RunServicesOptions extends ServiceRunOptions {
  /**
   * Where the jobs of services are that have no `run` of their own. Default: none has such jobs.
   */
  readonly backend?: Pick<Backend, 'jobStore' | 'waker'>
  /** Default: the platform's. */
  readonly clock?: Clock
}

const RUN = 'run services'

/**
 * Does the work of all these services in this process until `signal` aborts; then each finishes
 * what runs or gives it back. For servers. On Workers the platform starts the work: export
 * `jobRunner(...services)`.
 *
 * A service that cannot go on stops the others, so that the process does not live on half alive.
 *
 * @throws What the first service threw that could not go on
 * @throws TypeError when two services are for one queue, or one has jobs and neither `run` nor a
 *   backend
 *
 * @example
 * const services = [emails, webhooks]
 * await runServices(services, { signal: stop.signal, onError: (error) => logger.error(error) })
 */
export async function runServices(
  services: readonly Service[],
  options: RunServicesOptions,
): Promise<void> {
  checkOptions(RUN, options, ['signal'], ['onError', 'backend', 'clock'])
  checkQueues(services)
  const { signal, onError } = options
  const failed = new AbortController()
  const running: ServiceRunOptions = {
    signal: AbortSignal.any([signal, failed.signal]),
    ...(onError !== undefined && { onError }),
  }
  const runs = services.map((service) => runnerOf(service, options))
  const ends = await Promise.allSettled(
    runs.map(async (run) => {
      try {
        await run(running)
      } catch (error) {
        failed.abort(error)
        throw error
      }
    }),
  )
  if (failed.signal.aborted && ends.some(({ status }) => status === 'rejected'))
    throw failed.signal.reason
}

/**
 * Sees to all that waits in these services, whatever wakes were lost. For a Cron Trigger:
 * `scheduled: () => sweepServices(services)`.
 *
 * @throws What a service threw, after the others were seen to; an AggregateError when several did
 *
 * @example
 * export default { fetch: app.fetch, scheduled: () => sweepServices([emails, webhooks]) }
 */
export async function sweepServices(services: readonly Service[]): Promise<void> {
  const ends = await Promise.allSettled(services.map(async (service) => service.sweep?.()))
  const errors = ends.flatMap((end): unknown[] => (end.status === 'rejected' ? [end.reason] : []))
  if (errors.length === 1) throw errors[0]
  if (errors.length > 1)
    throw new AggregateError(errors, 'Cannot sweep services: several failed, see errors')
}

/** @throws TypeError when two services are for one queue: each would take the other's jobs */
function checkQueues(services: readonly Service[]): void {
  const owners = new Map<string, string>()
  for (const { name, processors } of services)
    for (const { queue } of processors) {
      const other = owners.get(queue)
      if (other !== undefined)
        throw new TypeError(
          `Cannot ${RUN}: ${other} and ${name} are both for queue ${JSON.stringify(queue)}, one expected`,
        )
      owners.set(queue, name)
    }
}

function runnerOf(
  service: Service,
  { backend, clock = systemClock }: RunServicesOptions,
): (options: ServiceRunOptions) => Promise<void> {
  if (service.run !== undefined) return (options) => service.run?.(options) ?? Promise.resolve()
  if (service.processors.length === 0) return () => Promise.resolve()
  const action = `${RUN}: ${service.name} has jobs and no run of its own, so`
  if (backend === undefined)
    throw new TypeError(`Cannot ${action} backend is missing, one expected`)
  checkParts(action, 'backend', backend, ['jobStore', 'waker'])
  const { jobStore, waker } = backend
  return async ({ signal, onError }) => {
    const workers = service.processors.map((processor) =>
      createJobWorker({
        processor,
        jobStore: jobStore.queue(processor.queue),
        waker,
        clock,
        ...(onError !== undefined && { onError }),
      }),
    )
    await Promise.all(workers.map((worker) => worker.run({ signal })))
  }
}
