import type { JobOutcome } from './job-outcome.ts'
import type { Json } from '../json.ts'
import type { JobState } from './job-state.ts'
import type { NewJob } from './new-job.ts'
import type { GroupRecord } from './group-control.ts'
import type { QueueEventPage, QueueEventsOptions } from './queue-event.ts'
import type { JobFilter, JobIdPage } from './job-search.ts'

export type { JobFilter, JobIdPage } from './job-search.ts'
export type { Deduplication, NewJob } from './new-job.ts'

/**
 * Keeps the jobs of many queues and is the only judge of their state, on its own clock.
 *
 * Every method is one round trip and batch by design. The state machine is
 * {@link import('./job-state.ts').transition}; a job store stores what it decides. The laws are in
 * `job-store.conformance.ts`.
 */
export interface JobStore {
  /** @param name 1 to 128 characters of `A–Z a–z 0–9 . _ : -` */
  queue(name: string): QueueStore
}

/** The jobs of one queue. */
export interface QueueStore {
  /**
   * A worker with a backlog keeps two exchanges on their way, each for half of what it runs at
   * once: worth it where an answer takes the time of several jobs and a call costs little by
   * itself. Calls must arrive in the order in which they are made. Default: one at a time.
   */
  readonly overlaps?: boolean

  /**
   * Adds jobs, all in one durable write, in order.
   *
   * A job with an `id` that the queue already holds, in any state, is not added again. A
   * `deduplication.id` drops later jobs that carry it: without `ttlMs` until the first has
   * finished, with `ttlMs` for just that long, whatever became of the first.
   */
  add(jobs: readonly NewJob[]): Promise<AddResult>

  /**
   * Hands back outcomes, prolongs leases and takes new jobs, in one atomic step and in that order.
   *
   * The heart of the port: a busy worker makes one call for each batch. Before claiming, jobs that
   * fell due are made ready and jobs whose lease ran out go back to ready, or to `dead` once their
   * attempts are used up.
   */
  exchange(exchange: Exchange): Promise<ExchangeResult>

  /** @returns The job, or `null` when the queue holds none of that id */
  get(id: string): Promise<JobRecord | null>

  /**
   * One page of the jobs in one state: ready ones in the order in which they will be claimed, held
   * and blocked ones by priority and then order, scheduled ones by due time, finished ones latest
   * first.
   *
   * With a tag: latest added first, whatever their state, so that each is there once however they
   * change meanwhile. Without tag and state: one state after the other, so that one that goes from
   * one to another meanwhile may be there twice or not at all. A page looks at 1,000 jobs at most:
   * where few of them fit it is short, or empty, and yet not the last.
   */
  list(options: ListJobsOptions): Promise<JobPage>

  /** The ids of what {@link QueueStore.list} would list, without what the jobs carry. */
  find(options: ListJobsOptions): Promise<JobIdPage>

  /**
   * The ended children of a flow's parent, as long as the parent is kept, in the order in which
   * they ended. Each is there once, as it ended last; one that was retried is not there until it
   * has ended again.
   */
  children(id: string): Promise<readonly FinishedChild[]>

  /**
   * How many jobs are in each state (one that fell due but was not yet claimed counts as
   * scheduled), and whether claims are paused.
   */
  counts(): Promise<QueueCounts>

  /**
   * When the job was added that has stood in line longest, ms since 1970 on the job store's clock;
   * `null` when none is ready. Of each priority it is the first, or the last of those that went
   * ahead; one that was held stands in line since its group let it in. Of more than 1,000
   * priorities in use the first 1,000 count. Costs a look or two for each priority, however many
   * jobs wait.
   */
  oldestReady(): Promise<number | null>

  /**
   * Changes jobs from outside: see {@link JobCommand}.
   *
   * @returns How many jobs changed, those that others took with them included
   */
  command(command: JobCommand): Promise<number>

  /** One group of the queue; of one that has no jobs what was asked of it, if anything. */
  group(key: string): Promise<GroupRecord>

  /**
   * What happened in the queue, for as long as it records that: each event was written in one step
   * with what it tells of. Due times and turns that come are no events.
   */
  events(options?: QueueEventsOptions): Promise<QueueEventPage>

  /**
   * Calls `listener` with the ids of jobs that may have ended, in whichever process, as soon as
   * that is known; with `null` where any may have. Words may be lost: who waits for a job looks on
   * its own as well. Absent where nothing is pushed.
   *
   * @returns Stops listening
   */
  onEnds?(listener: (ids: readonly string[] | null) => void): () => void
}

/** What adding did: `ids` in the order of the jobs, and when work is next due. */
export interface AddResult {
  readonly jobs: readonly AddedJobId[]
  /** Until the queue next needs a worker, as in {@link ExchangeResult.wakeInMs}. */
  readonly wakeInMs: number | null
}

/** The id of an added job, or of the one that holds its id. */
export interface AddedJobId {
  readonly id: string
  readonly added: boolean
  /** Present and true when the holder took over the job's data; see {@link NewJob.replace}. */
  readonly replaced?: boolean
}

/** One step of a worker. */
export interface Exchange {
  readonly settle?: readonly Settlement[]
  readonly extend?: readonly {
    readonly id: string
    readonly token: number
    readonly leaseMs: number
    readonly progress?: Json
  }[]
  readonly claim?: {
    /** 1 to 1,000. */
    readonly limit: number
    /** A claimed job that is neither settled nor extended this long is taken back. */
    readonly leaseMs: number
  }
}

/** What became of a claimed job. Taken only while `token` is the job's current claim. */
export interface Settlement {
  readonly id: string
  readonly token: number
  readonly outcome: JobOutcome
}

/** What {@link QueueStore.exchange} answers. */
export interface ExchangeResult {
  /**
   * In the order of `settle`: `lost` when the token was no longer the job's claim, and then nothing
   * happened.
   */
  readonly settled: readonly ('settled' | 'lost')[]
  /** In the order of `extend`: `cancelled` still holds the lease and asks the worker to stop. */
  readonly extended: readonly ('extended' | 'cancelled' | 'lost')[]
  readonly claimed: readonly ClaimedJob[]
  /**
   * Until the queue next needs a worker: 0 when jobs are ready now, the next due time or lease end
   * otherwise, `null` when no job waits.
   */
  readonly wakeInMs: number | null
}

/** A job as its worker gets it. */
export interface ClaimedJob {
  readonly id: string
  readonly name: string
  readonly data: Json
  readonly options: Json
  /**
   * Grows with every claim of any job of this id, for ever: a fencing token. After a failover of
   * Redis as far as `redis()` says.
   */
  readonly token: number
  /** Claims so far, this one included. */
  readonly attempt: number
  readonly maxAttempts: number
  /** Leases lost since the last attempt that was spent, where those count apart; absent for 0. */
  readonly crashes?: number
  readonly priority: number
  /** When the job was added, on the job store's clock, ms since 1970. */
  readonly addedAt: number
  /** The error of the attempt before, if it left one. */
  readonly lastError: Json
}

/** A job as an observer sees it. Instants are ms since 1970 on the job store's clock. */
export interface JobRecord extends ClaimedJob {
  readonly state: JobState
  /** When it is due (`scheduled`), its lease ends (`active`) or it finished; `null` otherwise. */
  readonly at: number | null
  readonly progress: Json
  readonly result: Json
  /** As it was added with; absent for none. */
  readonly tags?: readonly string[]
  /** Cancelled while running: its worker learns it with the next extension. */
  readonly cancelRequested: boolean
}

/** A child that has finished: its result when it completed, what went wrong otherwise. */
export interface FinishedChild {
  readonly id: string
  readonly name: string
  readonly state: 'completed' | 'dead' | 'cancelled' | 'removed'
  readonly result: Json
  readonly error: Json
  /** The queue that keeps it, where it is another than its parent's. */
  readonly queue?: string
}

/** Which jobs {@link QueueStore.list} lists. */
export interface ListJobsOptions extends JobFilter {
  readonly cursor?: string
  /** 1 to 1,000. Default 100. */
  readonly limit?: number
}

/** One page of jobs; `cursor` asks for the next one, `null` where this is the last. */
export interface JobPage {
  readonly jobs: readonly JobRecord[]
  readonly cursor: string | null
}

/** How many jobs are in each state, and whether the queue is paused. */
export type QueueCounts = Readonly<Record<JobState, number>> & { readonly paused: boolean }

/** What can be changed of a job that waits. */
export interface JobChange {
  readonly data?: Json
  readonly delayMs?: number
  readonly priority?: number
}

/** What an operator can ask of a queue. */
export type JobCommand =
  /** No job is claimed until `resume`; running ones go on. */
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  /**
   * Pauses, resumes or limits (1 to 1,000; `null` for the limits of its jobs) one group, whether it
   * has jobs or not; what is not given stays. Jobs that are ready and no longer may be are held
   * when their turn comes; running ones go on. Answers 1 where it changed something, 0 otherwise.
   */
  | {
      readonly type: 'group'
      readonly key: string
      readonly paused?: boolean
      readonly limit?: number | null
    }
  /**
   * Sets the limit (1 to 1,000; `null` for those of their jobs) of all groups whose key begins with
   * `prefix` and that have none of their own from `group`; the longest prefix counts. It holds for
   * waiting jobs as for later ones. Up to 1,000 groups let held jobs in at once where they have
   * more room, others when one of their jobs ends. Answers 1 where it changed something.
   */
  | { readonly type: 'groups'; readonly prefix: string; readonly limit: number | null }
  /**
   * Records what happens from now on, and keeps the latest `keep` events, up to 100,000; 0 records
   * nothing any more and forgets what was recorded.
   */
  | { readonly type: 'record'; readonly keep: number }
  /**
   * Makes scheduled and parked jobs ready now, or held while their group is full; with `anew` also
   * without what their last attempt noted as its error. Attempts stay as they are.
   */
  | { readonly type: 'promote'; readonly ids: readonly string[]; readonly anew?: boolean }
  /**
   * Changes what jobs carry that wait, when they are due or their priority, which places them in
   * line by when they were added. With `delayMs` only ready, held and scheduled ones: due that long
   * from now, 0 at once. Without it blocked and parked ones, too. Ids, groups, attempts and what
   * the last one noted stay. One of the three is given at least.
   */
  | ({ readonly type: 'change'; readonly ids: readonly string[] } & JobChange)
  /**
   * Gives dead, cancelled, parked or completed jobs all their attempts again: they are ready, or
   * blocked while children of theirs have not ended. A parent takes the children with it that
   * failed it (dead or cancelled ones with `onFailure: 'fail'`, at every depth, as far as they are
   * kept) and waits for them. A child that runs again is waited for again by each parent that waits
   * (ready, held, scheduled or blocked) and, if that is still so then, by one that is to be run
   * again.
   */
  | { readonly type: 'retry'; readonly ids: readonly string[] }
  /** Cancels waiting jobs at once and asks the workers of running ones to stop. */
  | { readonly type: 'cancel'; readonly ids: readonly string[] }
  /** Removes jobs that are not running. */
  | { readonly type: 'remove'; readonly ids: readonly string[] }
  /**
   * Removes the first `limit` (1 to 1,000) jobs of one state: by priority and then order, those
   * that finished the longest time ago first. One that has left the state when its turn comes,
   * because a child of it was removed before, stays.
   */
  | { readonly type: 'purge'; readonly state: Exclude<JobState, 'active'>; readonly limit: number }
