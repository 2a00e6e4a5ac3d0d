import { systemClock } from '../../../src/runtime/ports/platform/clock.ts'
import { systemFetch } from '../../../src/runtime/ports/platform/fetch-client.ts'
import type { ProviderContext } from '../../../src/services/notifications/providers/provider.ts'
import { createSeededRandom } from '../../../src/testing/seeded-random.ts'

/** What providers work with when nothing stands behind it: each token is made anew. */
export function providerContext(parts: Partial<ProviderContext> = {}): ProviderContext {
  return {
    fetch: systemFetch,
    clock: systemClock,
    random: createSeededRandom(5),
    signal: new AbortController().signal,
    tokens: {
      get: async (_name, _secret, make) => (await make()).token,
      drop: async () => undefined,
    },
    ...parts,
  }
}
