import { clockLaws } from '../../src/runtime/ports/platform/clock.conformance.ts'
import { systemClock } from '../../src/runtime/ports/platform/clock.ts'
import { fetchClientLaws } from '../../src/runtime/ports/platform/fetch-client.conformance.ts'
import { systemFetch } from '../../src/runtime/ports/platform/fetch-client.ts'
import { randomSourceLaws } from '../../src/runtime/ports/platform/random-source.conformance.ts'
import { systemRandom } from '../../src/runtime/ports/platform/random-source.ts'
import { createFakeClock, createSeededRandom } from '../../src/testing/index.ts'
import { suite, type Suite } from './suite.ts'

/** Where the laws' web server is, as `tools/start-peers.ts` says it; without it requests are not tested. */
export interface EchoAddresses {
  readonly ECHO_URL?: string
  readonly DEAD_URL?: string
}

/** What the platform itself promises, and what stands in for it in tests. */
export function platformSuites({ ECHO_URL = '', DEAD_URL = '' }: EchoAddresses): readonly Suite[] {
  const fake = createFakeClock()
  return [
    // The platform's clock is the one that only real time moves: some tens of ms in all.
    suite('Clock', 'platform', clockLaws, {
      open: async () => systemClock,
      advance: (ms) => new Promise((done) => void setTimeout(done, ms)),
    }),
    suite('Clock', 'testing', clockLaws, { open: async () => fake, advance: fake.advance }),
    suite('RandomSource', 'platform', randomSourceLaws, { open: async () => systemRandom }),
    suite('RandomSource', 'testing', randomSourceLaws, { open: async () => createSeededRandom(5) }),
    ...(ECHO_URL === ''
      ? []
      : [
          suite('FetchClient', 'platform', fetchClientLaws, {
            open: async () => systemFetch,
            url: ECHO_URL,
            deadUrl: DEAD_URL,
          }),
        ]),
  ]
}
