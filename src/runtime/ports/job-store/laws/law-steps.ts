import type {
  ClaimedJob,
  ExchangeResult,
  JobStore,
  JobRecord,
  NewJob,
  QueueStore,
} from '../job-store.ts'
import type { JobOutcome } from '../job-outcome.ts'

/** What an adapter supplies to have the laws of a job store run against it. */
export interface JobStoreHarness {
  /** Opens a job store whose queues are empty. Called once a law. */
  open(): Promise<JobStore>
  /** Lets the job store's clock advance. */
  advance(ms: number): Promise<void>
}

export const LEASE_MS = 30_000
export const HOUR_MS = 3_600_000
/** Long enough for a law to look at what has finished. */
export const kept: Pick<NewJob, 'keepCompletedMs' | 'keepDeadMs'> = {
  keepCompletedMs: HOUR_MS,
  keepDeadMs: HOUR_MS,
}

export function job(name: string, extra: Partial<NewJob> = {}): NewJob {
  return { name, data: { for: name }, ...extra }
}

/** Adds one job and answers its id. */
export async function addOne(queue: QueueStore, given: NewJob): Promise<string> {
  return (await queue.add([given])).jobs[0]?.id ?? ''
}

export async function stateOf(queue: QueueStore, id: string): Promise<JobRecord['state'] | null> {
  return (await queue.get(id))?.state ?? null
}

export async function claim(queue: QueueStore, limit: number): Promise<readonly ClaimedJob[]> {
  return (await queue.exchange({ claim: { limit, leaseMs: LEASE_MS } })).claimed
}

export function settle(
  queue: QueueStore,
  held: ClaimedJob | undefined,
  outcome: JobOutcome,
): Promise<ExchangeResult> {
  return queue.exchange({ settle: [{ id: held?.id ?? '', token: held?.token ?? 0, outcome }] })
}

export function extend(queue: QueueStore, held: ClaimedJob | undefined): Promise<ExchangeResult> {
  return queue.exchange({
    extend: [{ id: held?.id ?? '', token: held?.token ?? 0, leaseMs: LEASE_MS }],
  })
}

export async function list(
  queue: QueueStore,
  state: JobRecord['state'],
  limit: number,
): Promise<JobRecord[]> {
  const seen: JobRecord[] = []
  let cursor: string | null = null
  do {
    const page = await queue.list({ state, limit, ...(cursor !== null && { cursor }) })
    seen.push(...page.jobs)
    cursor = page.cursor
  } while (cursor !== null && seen.length < 1000)
  return seen
}

/** The names of the jobs claimed, up to `limit`. */
export async function claimNames(queue: QueueStore, limit: number): Promise<string[]> {
  return (await claim(queue, limit)).map(({ name }) => name)
}

/** The names of the ready jobs. */
export async function names(queue: QueueStore, limit = 100): Promise<string[]> {
  return (await list(queue, 'ready', limit)).map((record) => record.name)
}

/** Backends on real time lose a few ms between two calls. */
export function near(actual: number | null, expected: number): boolean {
  return actual !== null && actual > expected - 5000 && actual <= expected
}

/** A job that others of its batch can name as their parent. */
export function parent(id: string, extra: Partial<NewJob> = {}): NewJob {
  return { ...job(id, extra), id }
}

export function child(name: string, of: string, extra: Partial<NewJob> = {}): NewJob {
  return job(name, { parent: of, ...extra })
}

export function codeOf(error: unknown): string | undefined {
  return (error as { readonly code?: string } | null)?.code
}
