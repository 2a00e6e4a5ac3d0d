import { limitKeyOf } from './limit-key.ts'
import { fitText } from '../../primitives/fit-text.ts'
import { describeIssues } from '../../primitives/standard-schema.ts'
import type { NewJob } from '../../runtime/ports/job-store/job-store.ts'
import type { Json } from '../../runtime/ports/json.ts'
import type { JobDefinition } from './define-job.ts'
import { JobError } from './job-error.ts'
import { newJobOf, type JobOptions } from './job-options.ts'

const GROUP_CHARACTERS = 256
/** As many as {@link fitText} leaves of a longer key, or fewer. */
const PREFIX_CHARACTERS = 222

/**
 * Checks what a job is to carry and fills in what it was not told.
 *
 * @param options The job's own, with those of its queue behind them
 * @throws JobError `invalid_data` when the data does not fit the schema
 * @throws RangeError when an option is out of range
 */
export async function makeNewJob(
  name: string,
  definition: JobDefinition,
  data: Json,
  options: JobOptions,
): Promise<NewJob> {
  await checkNewData('add', name, definition, data)
  // The input form is kept, not the output: it is checked again before the run.
  const job = newJobOf(name, data, options)
  const { concurrency } = definition
  if (concurrency === undefined) return job
  const key = await groupKeyOf(name, limitKeyOf(name, concurrency.key?.(data)))
  return { ...job, group: { key, limit: concurrency.limit } }
}

/** @throws JobError `invalid_data` when the data does not fit the definition's schema */
export async function checkNewData(
  action: 'add' | 'change',
  name: string,
  { input }: JobDefinition,
  data: Json,
): Promise<void> {
  if (input === undefined) return
  const checked = await input['~standard'].validate(data)
  if (checked.issues === undefined) return
  throw new JobError(
    'invalid_data',
    `Cannot ${action} job ${JSON.stringify(name)}: ${describeIssues('data', checked.issues)}`,
  )
}

/** The job store's key of a group, of one kind's jobs. */
export function groupKeyOf(name: string, key: string): Promise<string> {
  return fitText(`${name}:${key}`, GROUP_CHARACTERS)
}

/** How the keys of all groups of a kind begin, shortened or not. */
export function groupPrefixOf(name: string): string {
  // No half of a surrogate pair, which no key has.
  return `${name}:`.slice(0, PREFIX_CHARACTERS).replace(/[\ud800-\udbff]$/, '')
}

/** What is said of a job that its queue has no definition of. */
export function unknownJob(
  name: string,
  queue: string,
  known: readonly string[],
  action: 'add' | 'change' = 'add',
): JobError {
  const names = known.join(', ') || 'no jobs'
  // Showing what is no text may run code of whoever gave it, and fail.
  const shown = typeof name === 'string' ? JSON.stringify(name) : `of name of type ${typeof name}`
  const message = `Cannot ${action} job ${shown}: queue ${queue} knows ${names}`
  return new JobError('unknown_job', message)
}
