import type {
  TranscodedFile,
  TranscodedVideo,
} from '@white-cross/reuse/infrastructure/storage/media'
import {
  SidecarError,
  type SidecarFailure,
  type SidecarVideoEvent,
} from '@white-cross/reuse/infrastructure/storage/sidecar'
import { failureOf } from '../server/answers.ts'
import type { WorkPlaces } from '../work/work-places.ts'

/** Hears what becomes of a work; after `done` or `error` there is nothing more. */
export type WorkListener = (event: SidecarVideoEvent) => void

/** What is done, and under which name. */
export interface NamedWork {
  readonly id: string
  /** The same id with another one is refused. */
  readonly fingerprint: string
  readonly detachMs: number
  run(control: WorkControl): Promise<TranscodedVideo>
}

/** What a work is run with. */
export interface WorkControl {
  readonly signal: AbortSignal
  onProgress(progress: { readonly ratio: number; readonly seconds: number }): void
  onFile(file: TranscodedFile): void
}

/** Works under names: who asks for the same again listens to what runs, or hears what came of it. */
export interface VideoWorks {
  /**
   * @returns Stops listening; the last one to do so leaves the work `detachMs` to live
   * @throws SidecarError `busy`, `invalid_operation`
   */
  listen(work: NamedWork, listener: WorkListener): () => void
  /** Ends a work that runs. @returns Whether it did; resolves when it is gone with what it wrote */
  cancel(id: string): Promise<boolean>
  /** Ends all. */
  stop(): Promise<void>
}

interface Entry {
  readonly fingerprint: string
  readonly files: TranscodedFile[]
  readonly listeners: Set<WorkListener>
  readonly abort: AbortController
  readonly ended: Promise<void>
  progress: SidecarVideoEvent | null
  result: SidecarVideoEvent | null
  forget?: NodeJS.Timeout
}

const REMEMBER_MS = 3_600_000
const MOST_REMEMBERED = 1000
/** When to ask again for what is being ended. */
const ENDING_MS = 1000

/** Hears how a work ended, and how long it took. */
export type OnWorkEnded = (
  outcome: 'ok' | SidecarFailure['code'],
  seconds: number,
  error: unknown,
) => void

/** @param now Elapsed ms */
export function createVideoWorks(
  places: WorkPlaces,
  now: () => number,
  onEnded: OnWorkEnded,
): VideoWorks {
  const entries = new Map<string, Entry>()

  function begin({ id, fingerprint, run }: NamedWork): Entry {
    const giveBack = places.take()
    const start = now()
    const abort = new AbortController()
    let end: () => void = () => undefined
    const ended = new Promise<void>((resolve) => (end = resolve))
    const entry: Entry = {
      ...{ fingerprint, abort, ended, files: [], listeners: new Set() },
      ...{ progress: null, result: null },
    }
    const tell = (event: SidecarVideoEvent): void => {
      for (const listener of entry.listeners) listener(event)
    }
    const conclude = (event: SidecarVideoEvent, cause: unknown = null): void => {
      giveBack()
      onEnded(event.type === 'error' ? event.error.code : 'ok', (now() - start) / 1000, cause)
      clearTimeout(entry.forget)
      entry.result = event
      // What failed may be tried again under its name.
      if (event.type === 'error') entries.delete(id)
      else entry.forget = setTimeout(() => entries.delete(id), REMEMBER_MS).unref()
      tell(event)
      entry.listeners.clear()
      end()
    }
    void run({
      signal: abort.signal,
      onProgress(progress) {
        entry.progress = { type: 'progress', ...progress }
        tell(entry.progress)
      },
      onFile(file) {
        entry.files.push(file)
        tell({ type: 'file', file })
      },
    }).then(
      // Its files were told one by one: all of a long film's would fill no event.
      ({ seconds }) => conclude({ type: 'done', seconds }),
      (error: unknown) => conclude({ type: 'error', error: failureOf(error) }, error),
    )
    entries.set(id, entry)
    return entry
  }

  function forgetOldest(): void {
    for (const [id, { result, forget }] of entries) {
      if (entries.size < MOST_REMEMBERED) return
      if (result === null) continue
      clearTimeout(forget)
      entries.delete(id)
    }
  }

  const killed = (): SidecarError =>
    new SidecarError('failed', 'Cannot transcode video: it was cancelled')

  return {
    listen(work, listener) {
      const known = entries.get(work.id)
      if (known !== undefined && known.fingerprint !== work.fingerprint)
        throw new SidecarError(
          'invalid_operation',
          'Cannot transcode video: its id is another work’s',
        )
      if (known?.result === null && known.abort.signal.aborted)
        throw new SidecarError('busy', 'Cannot transcode video: its work is just being ended', {
          retryAfterMs: ENDING_MS,
        })
      forgetOldest()
      const entry = known ?? begin(work)
      for (const file of entry.files) listener({ type: 'file', file })
      if (entry.result !== null) {
        listener(entry.result)
        return () => undefined
      }
      clearTimeout(entry.forget)
      if (entry.progress !== null) listener(entry.progress)
      entry.listeners.add(listener)
      return () => {
        if (!entry.listeners.delete(listener)) return
        if (entry.listeners.size > 0) return
        entry.forget = setTimeout(() => entry.abort.abort(killed()), work.detachMs)
      }
    },
    async cancel(id) {
      const entry = entries.get(id)
      if (entry === undefined || entry.result !== null) return false
      entry.abort.abort(killed())
      await entry.ended
      return true
    },
    async stop() {
      for (const { abort } of entries.values()) abort.abort(killed())
      await Promise.all([...entries.values()].map(({ ended }) => ended))
      for (const { forget } of entries.values()) clearTimeout(forget)
    },
  }
}
