import type { Chance } from './chance.ts'
import type { UnreliableProcess } from './unreliable-process.ts'

/** A service that lives in a world beside its queue, in every one of its worker processes. */
export interface Resident {
  /** Works in one process until the signal aborts, as long as the process lives. */
  work(process: UnreliableProcess, terms: WorkTerms): void
  /** The client asks for something, and insists on an answer. */
  ask(client: UnreliableProcess): Promise<void>
  /** Every process has stood still, while the clock of the store went on. */
  stoodStill(): void
  /** How much has not come to its end, read from what stands in the store. */
  left(): Promise<number>
  /** Objects to what must not have become of it, once nothing is left. */
  audit(): Promise<void>
}

/** How a resident works in a process. */
export interface WorkTerms {
  readonly signal: AbortSignal
  /** Makes what the process draws repeatable. */
  readonly seed: number
  readonly lease: number
  readonly maxWait: number
  readonly grace: number
}

/** What every resident is made of. */
export interface ResidentParts {
  /** Past the network, for looking at what stands in the store. */
  readonly observer: UnreliableProcess
  readonly chance: Chance
  readonly tell: (what: string) => void
  readonly object: (what: string) => void
  /** Whether the clock of the store goes by simulated time alone. */
  readonly exactTime: boolean
}
