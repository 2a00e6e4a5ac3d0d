import type { Law } from '../../src/runtime/ports/conformance.ts'

/** One set of laws bound to one adapter, ready to run anywhere. */
export interface Suite {
  /** What is promised: a port's or a service's name. */
  readonly subject: string
  /** What has to keep the promise: a backend's name, or `pure`. */
  readonly adapter: string
  readonly cases: readonly SuiteCase[]
}

export interface SuiteCase {
  readonly name: string
  /** Why this adapter is excused from the law; such a case is reported as skipped. */
  readonly excused?: string
  /** What its result is told with, however it ends: how to do the same again. */
  readonly note?: string
  run(): Promise<void>
}

/**
 * Binds laws to a harness.
 *
 * @param lacks What the adapter cannot do, each with the reason that the matrix prints
 */
export function suite<Harness>(
  subject: string,
  adapter: string,
  laws: readonly Law<Harness>[],
  harness: Harness,
  lacks: Readonly<Record<string, string>> = {},
): Suite {
  return {
    subject,
    adapter,
    cases: laws.map((law) => {
      const lacking = law.needs?.find((need) => need in lacks)
      return {
        name: law.name,
        ...(lacking !== undefined && { excused: `${lacking}: ${lacks[lacking]}` }),
        run: () => law.run(harness),
      }
    }),
  }
}
