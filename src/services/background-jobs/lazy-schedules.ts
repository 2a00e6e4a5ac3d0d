import type { Schedules, SchedulesOptions } from './schedules.ts'

/**
 * {@link Schedules} whose code, half of a queue's, is loaded when they are first used: most queues
 * have none.
 */
export function createLazySchedules(options: SchedulesOptions): Schedules {
  let loaded: Schedules | undefined

  // What was loaded is kept, not the promise: on Workers a promise of one request must not be
  // awaited in another.
  async function load(): Promise<Schedules> {
    if (loaded !== undefined) return loaded
    const { createSchedules } = await import('./schedules.ts')
    return (loaded ??= createSchedules(options))
  }

  return {
    upsert: async (id, timing, job) => (await load()).upsert(id, timing, job),
    get: async (id) => (await load()).get(id),
    list: async () => (await load()).list(),
    page: async (options) => (await load()).page(options),
    pause: async (id) => (await load()).pause(id),
    resume: async (id) => (await load()).resume(id),
    remove: async (id) => (await load()).remove(id),
    processor: {
      queue: options.queue,
      process: async (job, control) => (await load()).processor.process(job, control),
    },
  }
}
