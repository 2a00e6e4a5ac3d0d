import type { Law } from '../../../../src/runtime/ports/conformance.ts'
import { systemContextStorage } from '../../../../src/runtime/ports/platform/context-storage.ts'
import { configureContext, type Context } from '../../../../src/services/logging/index.ts'
import { suite, type Suite } from '../../suite.ts'
import { observeLaws } from './observe-laws.ts'
import { observeWorkLaws } from './observe-work-laws.ts'
import { sentryFaultLaws } from './sentry-fault-laws.ts'
import { sentryLaws } from './sentry-laws.ts'

/** What logging promises without a backend: with the context that the platform remembers, and without. */
export function observingSuites(): readonly Suite[] {
  const laws = [...observeLaws, ...observeWorkLaws]
  return [
    suite('observe', 'implicit context', laws, undefined),
    suite('observe', 'explicit context', laws.map(withoutContext), undefined),
    suite('Sentry', 'pure', [...sentryLaws, ...sentryFaultLaws], undefined),
  ]
}

/** As on a platform that remembers none. */
function withoutContext(law: Law<unknown>): Law<unknown> {
  return {
    ...law,
    async run(harness) {
      configureContext(null)
      try {
        await law.run(harness)
      } finally {
        configureContext(systemContextStorage<Context>())
      }
    },
  }
}
