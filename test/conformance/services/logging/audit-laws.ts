import type { AtomicStore } from '../../../../src/runtime/ports/atomic-store/atomic-store.ts'
import type { Json } from '../../../../src/runtime/ports/json.ts'
import {
  expectEqual,
  expectRejection,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import type { AuditEntry, AuditEvent } from '../../../../src/services/logging/audit/audit-entry.ts'
import { createAuditLog, type AuditLog } from '../../../../src/services/logging/audit/audit-log.ts'
import type { LoggingHarness } from './logging-suites.ts'

const SECRET = 'an audit secret of 30 letters.'
const FIRST = '0'.repeat(64)
const read: AuditEvent = {
  actor: 'user/7',
  action: 'record.read',
  target: 'patient/42',
  outcome: 'success',
}

async function logOf({
  open,
  clock,
}: LoggingHarness): Promise<{ store: AtomicStore; audit: AuditLog }> {
  const { store } = await open()
  return { store, audit: createAuditLog({ backend: { store }, secret: SECRET, clock }) }
}

/** What the audit log promises on every backend. */
export const auditLaws: readonly Law<LoggingHarness>[] = [
  {
    name: 'record() numbers entries without a gap, binds each to the one before, and hides secrets',
    async run(harness) {
      const { audit } = await logOf(harness)
      const first = await audit.record({ ...read, detail: { password: 'x', fields: ['name'] } })
      await harness.advance(5)
      const second = await audit.record({ ...read, outcome: 'denied' })
      expectEqual([first.sequence, second.sequence, second.previous === first.hash], [1, 2, true])
      expectEqual(
        [first.previous, first.detail, second.at - first.at],
        ['0'.repeat(64), { password: '[REDACTED]', fields: ['name'] }, 5],
      )
      expectEqual(await all(audit), [first, second])
      expectEqual(await audit.verify(), { ok: true, entries: 2, hash: second.hash })
      expectEqual(await audit.head(), { sequence: 2, hash: second.hash })
    },
  },
  {
    name: 'verify() says of a log that is added to that it is whole, and of one without its head that it is not',
    async run(harness) {
      const { store, audit } = await logOf(harness)
      await audit.record(read)
      const partition = store.partition('audit:default')
      const whileRead = Object.create(partition, {
        get: { value: partition.get.bind(partition) },
        commit: { value: partition.commit.bind(partition) },
        list: {
          async value(query: Parameters<typeof partition.list>[0]) {
            const page = await partition.list(query)
            await audit.record(read)
            return page
          },
        },
      }) as typeof partition
      const others = createAuditLog({
        backend: { store: { ...store, partition: () => whileRead } },
        secret: SECRET,
      })
      expectEqual((await others.verify()).ok, true)
      await partition.commit({ delete: ['head'] })
      expectEqual((await audit.verify()).ok, false)
    },
  },
  {
    name: 'record() and entries() refuse what is of another kind',
    async run(harness) {
      const { audit } = await logOf(harness)
      // Plain JavaScript may give anything.
      const odd: readonly object[] = [{ outcome: ['success'] }, { requestId: 5 }]
      for (const one of odd)
        await expectRejection(
          () => audit.record({ ...read, ...one }),
          (error) => error instanceof TypeError,
          'an event of another kind to be refused',
        )
      for (const after of [-1, Number.NaN, 1.5])
        await expectRejection(
          async () => {
            for await (const entry of audit.entries(after)) expectEqual(entry, undefined)
          },
          (error) => error instanceof Error,
          'a place that is none to be refused',
        )
    },
  },
  {
    name: 'record() by many at once keeps every entry, once',
    async run(harness) {
      const { audit } = await logOf(harness)
      await Promise.all(
        Array.from({ length: 6 }, (_, at) => audit.record({ ...read, target: `patient/${at}` })),
      )
      const entries = await all(audit)
      expectEqual(
        entries.map(({ sequence }) => sequence),
        [1, 2, 3, 4, 5, 6],
      )
      expectEqual(new Set(entries.map(({ target }) => target)).size, 6)
      expectEqual((await audit.verify()).ok, true)
    },
  },
  {
    name: 'record() under one id is one entry, also at the same time',
    async run(harness) {
      const { audit } = await logOf(harness)
      const [one, two] = await Promise.all([audit.record(read, 'op-1'), audit.record(read, 'op-1')])
      const again = await audit.record({ ...read, outcome: 'failure' }, 'op-1')
      expectEqual(
        [two.sequence, again.sequence, (await all(audit)).length],
        [one.sequence, one.sequence, 1],
      )
    },
  },
  {
    name: 'a clock that steps back does not turn the order round',
    async run(harness) {
      const { store } = await logOf(harness)
      let now = 1000
      const audit = createAuditLog({
        backend: { store },
        clock: { now: () => now, setTimer: harness.clock.setTimer },
      })
      await audit.record(read)
      now = 500
      expectEqual((await audit.record(read)).at, 1000)
      expectEqual((await audit.verify()).ok, true)
    },
  },
  {
    name: 'verify() finds the entry that was changed, taken out, put elsewhere or cut off',
    async run(harness) {
      const attacks: readonly (readonly [string, number, (change: Tamper) => Promise<void>])[] = [
        ['changed', 2, ({ set, entries }) => set(2, { ...entries[1], actor: 'nobody' })],
        ['missing', 2, ({ remove }) => remove(2)],
        ['changed', 1, ({ set, entries }) => set(1, { ...entries[0], sequence: 1, at: 1 })],
        [
          'reordered',
          3,
          ({ set, entries }) => set(3, { ...entries[1], sequence: 3, hash: '' }, true),
        ],
        ['cut_off', 4, ({ remove }) => remove(4)],
      ]
      for (const [why, brokenAt, attack] of attacks) {
        const { store, audit } = await logOf(harness)
        for (let at = 0; at < 4; at++) {
          await audit.record({ ...read, target: `patient/${at}` })
          await harness.advance(10)
        }
        await attack(await tamperWith(store, audit))
        const verdict = await audit.verify()
        expectEqual(
          verdict.ok ? 'ok' : verdict.brokenAt,
          brokenAt,
          `${why}: ${JSON.stringify(verdict)}`,
        )
      }
    },
  },
  {
    name: 'verify() finds a log that was written anew without the secret, or cut off with its head, by an anchor',
    async run(harness) {
      const { store, audit } = await logOf(harness)
      for (let at = 0; at < 3; at++) await audit.record(read)
      const anchor = await audit.head()
      const { remove, setHead } = await tamperWith(store, audit)
      const entries = await all(audit)
      await remove(3)
      await setHead({ sequence: 2, hash: entries[1]?.hash ?? '', at: 0 })
      expectEqual((await audit.verify()).ok, true, 'nothing in the store tells')
      expectEqual((await audit.verify(anchor ?? undefined)).ok, false)
      const forger = createAuditLog({ backend: { store }, clock: harness.clock })
      await forger.record(read)
      expectEqual(await audit.verify(), { ok: false, entries: 2, brokenAt: 3, why: 'changed' })
    },
  },
  {
    name: 'verify() finds a place of the last entry that was set back or belongs to another, and refuses an anchor that is none',
    async run(harness) {
      const { store, audit } = await logOf(harness)
      for (let at = 0; at < 3; at++) await audit.record({ ...read, target: `patient/${at}` })
      const { entries, setHead } = await tamperWith(store, audit)
      const [first, second, third] = entries
      await setHead({ sequence: 2, hash: second?.hash ?? '', at: 0 })
      expectEqual(await audit.verify(), { ok: false, entries: 3, brokenAt: 3, why: 'cut_off' })
      await setHead({ sequence: 3, hash: first?.hash ?? '', at: 0 })
      expectEqual(await audit.verify(), { ok: false, entries: 2, brokenAt: 3, why: 'changed' })
      await setHead({ sequence: 3, hash: third?.hash ?? '', at: third?.at ?? 0 })
      expectEqual((await audit.verify({ sequence: 3, hash: third?.hash ?? '' })).ok, true)
      const odd: readonly object[] = [
        {},
        { sequence: 1.5, hash: FIRST },
        { sequence: 1, hash: 'x' },
      ]
      for (const anchor of odd)
        await expectRejection(
          () => audit.verify(anchor as never),
          (error) => error instanceof TypeError || error instanceof RangeError,
          'an anchor that is none to be refused',
        )
    },
  },
  {
    name: 'export() writes lines of JSON, from anywhere, over pages',
    async run(harness) {
      const { audit } = await logOf(harness)
      for (let at = 0; at < 105; at++) await audit.record(read)
      const lines: string[] = []
      for await (const line of audit.export(3)) lines.push(line)
      expectEqual(lines.length, 102)
      expectEqual((JSON.parse(lines[0] ?? '') as AuditEntry).sequence, 4)
    },
  },
  {
    name: 'record() refuses what is no event, and writes nothing',
    async run(harness) {
      const { audit } = await logOf(harness)
      const wrong: readonly unknown[] = [
        {},
        { ...read, actor: '' },
        { ...read, outcome: 'maybe' },
        { ...read, who: 'x' },
        undefined,
        'event',
        { ...read, target: 'x'.repeat(501) },
        { ...read, detail: Array.from({ length: 900 }, () => 'x'.repeat(100)) },
      ]
      for (const event of wrong)
        await expectRejection(
          () => audit.record(event as AuditEvent),
          (error) => error instanceof Error && error.message.startsWith('Cannot record: '),
          'an error that says what is wrong',
        )
      expectEqual(await audit.head(), null)
      expectEqual(await audit.verify(), { ok: true, entries: 0, hash: '0'.repeat(64) })
    },
  },
]

async function all(audit: AuditLog): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = []
  for await (const entry of audit.entries()) entries.push(entry)
  return entries
}

/** What somebody can do who can write to the store. */
interface Tamper {
  readonly entries: readonly AuditEntry[]
  /** @param rehash Whether the forger computes a hash, without the secret */
  set(sequence: number, entry: object, rehash?: boolean): Promise<void>
  remove(sequence: number): Promise<void>
  setHead(head: Readonly<Record<string, Json>>): Promise<void>
}

async function tamperWith(store: AtomicStore, audit: AuditLog): Promise<Tamper> {
  const partition = store.partition('audit:default')
  const keyOf = (sequence: number): string => `entry/${String(sequence).padStart(12, '0')}`
  return {
    entries: await all(audit),
    async set(sequence, entry) {
      await partition.commit({
        set: [{ key: keyOf(sequence), value: structuredClone(entry) as unknown as Json }],
      })
    },
    async remove(sequence) {
      await partition.commit({ delete: [keyOf(sequence)] })
    },
    async setHead(head) {
      await partition.commit({ set: [{ key: 'head', value: head }] })
    },
  }
}
