import type { Client } from '../client/index.ts'
import type { FetchClient } from '../runtime/ports/platform/fetch-client.ts'
import type { RandomSource } from '../runtime/ports/platform/random-source.ts'
import type { Clock } from '../runtime/ports/platform/clock.ts'
import type { GivenOptions } from './given-options.ts'
import type { OpenListenSocket } from './listening/listen-socket.ts'
import type { OptionName } from './options.ts'
import type { Output } from './output.ts'
import type { Progress, ProgressUnit } from './progress.ts'

/** What a command works with. */
export interface CommandContext {
  readonly client: Client
  /** As many as {@link Command.args} asks for. */
  readonly args: readonly string[]
  readonly options: GivenOptions
  readonly output: Output
  readonly clock: Clock
  readonly random: RandomSource
  /** Asks others than the gateway. */
  readonly fetch: FetchClient
  /** What the client calls, for what is no call. */
  readonly gateway: { readonly url: string; readonly key: string | null }
  readonly openSocket: OpenListenSocket
  /** Aborts at ctrl-c. */
  readonly signal: AbortSignal
  /** A line on the terminal of who waits. */
  progress(title: string, unit: ProgressUnit): Progress
}

/** One command of the program. */
export interface Command {
  /** `jobs list` */
  readonly name: string
  readonly summary: string
  /** `<queue>` must be there, `[path]` may, `<id>...` stands for one or more. */
  readonly args: readonly string[]
  /** What it takes beside the general ones. */
  readonly options: readonly OptionName[]
  /** Lines of help that its options do not say. */
  readonly notes?: readonly string[]
  /** @returns Whether all of it was done */
  run(context: CommandContext): Promise<boolean>
}
