/** What ties a job to its id, its group and its flow. A plain job has none of it. */
export interface JobTies {
  /** Whether its place is noted in every state, because its id does not say where it stands. */
  readonly keyed: boolean
  /** The deduplication id that it holds until it has finished. */
  readonly deduplication: string | null
  readonly group: string | null
  readonly groupLimit: number
  /** Children that have not finished. */
  readonly pending: number
  /** What tells this parent from every other of its id; `null` for a job that never had children. */
  readonly flow: number | null
  readonly parent: string | null
  /** The `flow` of the parent it was added under. */
  readonly parentFlow: number | null
  readonly failsParent: boolean
}

const UNTIED: JobTies = {
  keyed: false,
  deduplication: null,
  group: null,
  groupLimit: 1,
  pending: 0,
  flow: null,
  parent: null,
  parentFlow: null,
  failsParent: true,
}
// The keys of a literal of that type.
const NAMES = Object.keys(UNTIED) as readonly (keyof JobTies)[]

/** @returns JSON text of what is not as in a plain job, or `null` when nothing is */
export function encodeTies(ties: JobTies): string | null {
  let text: Record<string, unknown> | null = null
  for (const name of NAMES) if (ties[name] !== UNTIED[name]) (text ??= {})[name] = ties[name]
  return text === null ? null : JSON.stringify(text)
}

/** @param text Of {@link encodeTies} */
export function decodeTies(text: string | null): JobTies {
  return text === null ? UNTIED : { ...UNTIED, ...(JSON.parse(text) as Partial<JobTies>) }
}

/** Whether what may change in a job's life is the same: its keying and its pending children. */
export function hasSameTies(one: JobTies, other: JobTies): boolean {
  return one.keyed === other.keyed && one.pending === other.pending
}
