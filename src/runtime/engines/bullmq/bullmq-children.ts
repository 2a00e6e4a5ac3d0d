import type { FinishedChild } from '../../ports/job-store/job-store.ts'
import type { Json } from '../../ports/json.ts'
import type { BullmqJob } from './bullmq-job.ts'

/**
 * What the children of a BullMQ flow came to: those that completed, and those whose failure the
 * parent ignores. BullMQ keeps their keys, results and reasons with the parent; a name is read from
 * the child's record, and is empty where that is gone.
 */
export async function bullmqChildrenOf(job: BullmqJob): Promise<readonly FinishedChild[]> {
  const [values = {}, failures = {}] = await Promise.all([
    job.getChildrenValues?.(),
    job.getIgnoredChildrenFailures?.(),
  ])
  const ends = [
    ...Object.entries(values).map(([key, result]) => ({
      key,
      state: 'completed' as const,
      // BullMQ has parsed it from the JSON in Redis.
      result: result as Json,
      error: null,
    })),
    ...Object.entries(failures).map(([key, message]) => ({
      key,
      state: 'dead' as const,
      result: null,
      error: { message },
    })),
  ]
  const names = await Promise.all(ends.map(({ key }) => nameOf(job, key)))
  return ends.map(({ key, ...end }, index) => {
    // `prefix:queue:id`; neither of the last two has a colon.
    const [queue = '', id = ''] = key.split(':').slice(-2)
    const elsewhere = queue !== job.queueName
    return { id, name: names[index] ?? '', ...end, ...(elsewhere && { queue }) }
  })
}

async function nameOf(job: BullmqJob, key: string): Promise<string> {
  // BullMQ's types hide its backend; where that is no Redis, or another one, names are empty.
  const backend: unknown = Reflect.get(job, 'backend')
  if (typeof backend !== 'object' || backend === null) return ''
  try {
    const client: unknown = await Reflect.get(backend, 'client')
    if (typeof client !== 'object' || client === null) return ''
    const read: unknown = Reflect.get(client, 'hget')
    const name: unknown =
      typeof read === 'function' ? await Reflect.apply(read, client, [key, 'name']) : ''
    return typeof name === 'string' ? name : ''
  } catch {
    return ''
  }
}
