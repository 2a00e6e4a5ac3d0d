import { encodeUtf8 } from '../../../primitives/utf8.ts'
import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../runtime/ports/conformance.ts'
import { ScanError } from './scan-error.ts'
import type { VirusScanner } from './virus-scanner.ts'

/** What a law of scanners runs in. */
export interface VirusScannerHarness {
  /** Knows the test file of EICAR. */
  readonly scanner: VirusScanner
  /** The same scanner where nothing answers. */
  readonly broken: VirusScanner
}

/** Put together here so that no scanner takes this file for a virus. */
const EICAR = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR', 'STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('-')

/** The laws of the port {@link VirusScanner}. */
export const virusScannerLaws: readonly Law<VirusScannerHarness>[] = [
  {
    name: 'scan() calls harmless bytes clean, and none at all',
    async run({ scanner }) {
      for (const text of ['', 'hello', 'x'.repeat(100_000)])
        expectEqual((await scanner.scan(encodeUtf8(text))).verdict, 'clean', 'the verdict')
    },
  },
  {
    name: 'scan() names what it found, and who looked',
    async run({ scanner }) {
      const found = await scanner.scan(encodeUtf8(EICAR))
      expectEqual(found.verdict, 'infected', 'the verdict')
      expectTrue(found.verdict === 'infected' && /eicar/i.test(found.signature), 'its name')
      expectTrue(found.engine !== '', 'an engine')
    },
  },
  {
    name: 'scan() reads a stream to its end',
    async run({ scanner }) {
      const stream = new Blob([encodeUtf8('x'.repeat(70_000)), encodeUtf8(EICAR)]).stream()
      expectEqual((await scanner.scan(stream)).verdict, 'infected', 'the verdict')
    },
  },
  {
    name: 'scan() answers many at once, each with its own verdict',
    async run({ scanner }) {
      const texts = Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? EICAR : 'hello'))
      const found = await Promise.all(texts.map((text) => scanner.scan(encodeUtf8(text))))
      expectEqual(
        found.map(({ verdict }) => verdict),
        texts.map((text) => (text === EICAR ? 'infected' : 'clean')),
        'the verdicts',
      )
    },
  },
  {
    name: 'scan() calls what is longer than it takes unscannable, never clean',
    async run({ scanner }) {
      const bytes = new Uint8Array(scanner.capabilities.maxBytes + 1)
      const found = await scanner.scan(bytes)
      expectEqual(found.verdict, 'unscannable', 'the verdict')
      expectTrue(found.verdict === 'unscannable' && found.reason === 'too_large', 'the reason')
    },
  },
  {
    name: 'scan() rejects when nothing answers: there is no verdict',
    async run({ broken }) {
      await expectRejection(
        () => broken.scan(encodeUtf8('hello')),
        (error) => error instanceof ScanError && error.code === 'unavailable',
        'a ScanError unavailable',
      )
    },
  },
  {
    name: 'scan() ends with its signal, and with its reason',
    async run({ scanner }) {
      const reason = new Error('Enough')
      await expectRejection(
        () => scanner.scan(encodeUtf8('hello'), { signal: AbortSignal.abort(reason) }),
        (error) => error === reason,
        'the reason of the signal',
      )
    },
  },
]
