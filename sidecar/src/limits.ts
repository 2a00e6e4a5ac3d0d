import { availableParallelism } from 'node:os'

/** What work may cost. docs/sidecar.md has the table. */
export interface SidecarLimits {
  /** Bytes of a request's body, at most 64 MiB. */
  readonly bodyBytes: number
  readonly image: {
    readonly places: number
    /** Bytes of an image that is read from a store. */
    readonly inputBytes: number
    /** Pixels of all frames together, before and after. */
    readonly pixels: number
    readonly frames: number
    readonly outputBytes: number
    readonly deadlineMs: number
  }
  readonly video: {
    readonly places: number
    readonly inputBytes: number
    /** Of the source, or of the part that is kept. */
    readonly seconds: number
    readonly tracks: number
    /** Pixels of one frame of the source. */
    readonly pixels: number
    /** Bytes of all files that are written. */
    readonly outputBytes: number
    readonly deadlineMs: number
    /** Address space of ffmpeg. */
    readonly memoryMiB: number
    readonly threads: number
  }
  readonly scan: {
    readonly places: number
    readonly bytes: number
    readonly deadlineMs: number
  }
  readonly mail: { readonly places: number; readonly bytes: number; readonly deadlineMs: number }
  /** Requests whose nonces are remembered at once. */
  readonly nonces: number
}

const cores = availableParallelism()

export const DEFAULT_LIMITS: SidecarLimits = {
  bodyBytes: 67_108_864,
  image: {
    places: 2 * cores,
    inputBytes: 67_108_864,
    pixels: 50_000_000,
    frames: 100,
    outputBytes: 33_554_432,
    deadlineMs: 20_000,
  },
  video: {
    places: Math.max(1, Math.floor(cores / 2)),
    inputBytes: 4_294_967_296,
    seconds: 14_400,
    tracks: 32,
    pixels: 8_912_896,
    outputBytes: 8_589_934_592,
    deadlineMs: 3_600_000,
    memoryMiB: 4096,
    threads: Math.min(cores, 8),
  },
  scan: { places: 4 * cores, bytes: 67_108_864, deadlineMs: 60_000 },
  mail: { places: 16, bytes: 41_943_040, deadlineMs: 60_000 },
  nonces: 1_000_000,
}
