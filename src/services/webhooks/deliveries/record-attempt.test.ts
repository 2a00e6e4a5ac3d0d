import { expect, test } from 'vitest'
import type { Attempt } from '../outbound/attempt.ts'
import type { DeliverySnapshot } from './delivery-log.ts'
import type { DeliveryTask } from './delivery-task.ts'
import type { Delivery } from './delivery.ts'
import { DEFAULT_CIRCUIT, type EndpointHealth } from './endpoint-health.ts'
import { recordAttempt, type RecordOptions } from './record-attempt.ts'

const NOW = 1_000_000
const options: RecordOptions = {
  schedule: { delaysMs: [1000, 2000], jitter: 0, maxRetryAfterMs: 86_400_000 },
  policy: { circuit: DEFAULT_CIRCUIT, forgetMs: 10_000 },
  retentionMs: 7_200_000,
  generation: 0,
  lane: 'slow',
  body: 'body',
  now: NOW,
  random: { fraction: () => 0.5 },
}
const task: DeliveryTask = { id: 'e:ep', round: 0, attempts: 1, resend: false }

test('recordAttempt() schedules the next attempt of a failure, and ends with the schedule', () => {
  const change = recordAttempt(
    attempt(500),
    task,
    snapshot({ roundAttempts: 1, attempts: 1 }),
    options,
  )
  expect(change?.delivery).toMatchObject({
    state: 'retrying',
    attempts: 2,
    roundAttempts: 2,
    nextAttemptAt: NOW + 2000,
    lane: 'slow',
  })
  const last = recordAttempt(
    attempt(500),
    { ...task, attempts: 2 },
    snapshot({ roundAttempts: 2, attempts: 2 }),
    options,
  )
  expect(last?.delivery).toMatchObject({ state: 'dead', nextAttemptAt: null })
})

test('recordAttempt() writes a failure down that came too late to count', () => {
  // Another worker took the job over and has its own attempt recorded by now.
  const change = recordAttempt(
    attempt(500),
    task,
    snapshot({ state: 'retrying', roundAttempts: 2, attempts: 2, nextAttemptAt: 7 }),
    options,
  )
  expect(change?.delivery).toMatchObject({
    state: 'retrying',
    attempts: 3,
    roundAttempts: 2,
    nextAttemptAt: 7,
    lane: 'main',
  })
  // A manual retry is in its second round.
  const superseded = recordAttempt(
    attempt(500),
    task,
    snapshot({ state: 'pending', round: 1, roundAttempts: 0, attempts: 1, nextAttemptAt: 8 }),
    options,
  )
  expect(superseded?.delivery).toMatchObject({
    state: 'pending',
    round: 1,
    roundAttempts: 0,
    attempts: 2,
    nextAttemptAt: 8,
  })
})

test('recordAttempt() counts a success, however late', () => {
  const change = recordAttempt(
    attempt(200),
    task,
    snapshot({ state: 'dead', round: 1, roundAttempts: 3, attempts: 5 }),
    options,
  )
  expect(change?.delivery).toMatchObject({
    state: 'delivered',
    round: 1,
    attempts: 6,
    nextAttemptAt: null,
  })
})

test('recordAttempt() begins a new round with the schedule and the retention anew', () => {
  const change = recordAttempt(
    attempt(500),
    { ...task, round: 1, attempts: 0 },
    snapshot({ state: 'dead', attempts: 3, roundAttempts: 3 }),
    options,
  )
  expect(change?.delivery).toMatchObject({
    state: 'retrying',
    round: 1,
    roundAttempts: 1,
    attempts: 4,
    nextAttemptAt: NOW + 1000,
    keepUntil: NOW + 7_200_000,
  })
  expect(change?.keepBody).toBe('body')
})

test('recordAttempt() tells the health of what the receiver did, and of nothing else', () => {
  const base = snapshot({ roundAttempts: 1, attempts: 1 })
  const failing: EndpointHealth = {
    circuit: { mode: 'closed', generation: 0, tally: { inARow: 2, slots: [] } },
    failing: { since: 1, lastAt: NOW - 5 },
    backSince: null,
  }
  expect(recordAttempt(attempt(500), task, base, options)?.health).toMatchObject({
    failing: { since: NOW, lastAt: NOW },
  })
  expect(
    recordAttempt(attempt(500), task, { ...base, health: failing }, options)?.health,
  ).toMatchObject({ failing: { since: 1, lastAt: NOW } })
  // Forgotten: the last failure is longer ago than forgetMs.
  const old = { ...failing, failing: { since: 1, lastAt: NOW - 10_001 } }
  expect(
    recordAttempt(attempt(500), task, { ...base, health: old }, options)?.health,
  ).toMatchObject({ failing: { since: NOW, lastAt: NOW } })
  expect(recordAttempt(attempt(200), task, { ...base, health: failing }, options)?.health).toBe(
    null,
  )
  // Spared until now, it is let back step by step; while it is, successes say nothing new.
  const out: EndpointHealth = { ...failing, circuit: { mode: 'open', generation: 3, until: 9 } }
  const back = recordAttempt(attempt(200), task, { ...base, health: out }, options)?.health
  expect(back).toMatchObject({ circuit: { generation: 4 }, failing: null, backSince: NOW })
  if (back == null) throw new Error('It was to be kept')
  const again = { ...base, health: back }
  const soon = { ...options, now: NOW + 60_000 }
  expect(recordAttempt(attempt(200), task, again, soon)).not.toHaveProperty('health')
  const later = { ...options, now: NOW + 105_000 }
  expect(recordAttempt(attempt(200), task, again, later)?.health).toBe(null)
  expect(recordAttempt(attempt(500), task, again, soon)?.health).toMatchObject({
    failing: { since: NOW + 60_000 },
    backSince: NOW,
  })
  // Nothing to forget, nothing to write: an endpoint that works costs no health record.
  expect(recordAttempt(attempt(200), task, base, options)).not.toHaveProperty('health')
  const own: Attempt = { ...attempt(null), error: { code: 'transform_failed', message: '' } }
  expect(recordAttempt(own, task, base, options)).not.toHaveProperty('health')
  expect(recordAttempt(attempt(500), task, { ...base, conflicts: 5 }, options)).not.toHaveProperty(
    'health',
  )
})

test('recordAttempt() keeps what is under way, and what has settled for as long as it should', () => {
  const hour = 3_600_000
  const short = { ...options, retentionMs: 60_000 }
  const base = { roundAttempts: 1, attempts: 1, createdAt: NOW - 30_000, keepUntil: NOW + hour }
  const kept = (status: number, parts: Partial<Delivery>, given = short): unknown => {
    const change = recordAttempt(attempt(status), task, snapshot({ ...base, ...parts }), given)
    return [(change?.delivery?.keepUntil ?? 0) - NOW, change?.keepBody]
  }
  expect(kept(200, {})).toEqual([30_000, undefined])
  expect(kept(200, { createdAt: NOW - hour })).toEqual([60_000, undefined])
  expect(kept(500, {})).toEqual([hour + 2000, 'body'])
  expect(kept(500, { keepUntil: NOW + 2 * hour })).toEqual([2 * hour, undefined])
  expect(kept(500, { keepUntil: NOW + 2 * hour }, options)).toEqual([2 * hour, undefined])
  // A day after it was sent again by hand.
  const resent = { round: 1, createdAt: NOW - 9 * hour }
  const change = recordAttempt(
    attempt(200),
    { ...task, round: 1 },
    snapshot({ ...base, ...resent }),
    short,
  )
  expect(change?.delivery?.keepUntil).toBe(NOW + 60_000)
})

test('recordAttempt() ends at once for 410 and for a payload that is gone', () => {
  const base = snapshot({ roundAttempts: 1, attempts: 1 })
  for (const code of ['gone', 'payload_lost'] as const) {
    const change = recordAttempt(
      { ...attempt(410), error: { code, message: '' } },
      task,
      base,
      options,
    )
    expect(change?.delivery?.state).toBe('dead')
  }
  expect(recordAttempt(attempt(200), task, { ...base, delivery: null }, options)).toBe(null)
})

function attempt(status: number | null): Attempt {
  const ok = status !== null && status < 300
  return {
    at: NOW - 10,
    durationMs: 10,
    host: 'a.example.com',
    requestHeaders: {},
    status,
    error: ok ? null : { code: 'status', message: '' },
    retryAfterMs: null,
    responseBody: '',
    responseTruncated: false,
  }
}

function snapshot(parts: Partial<Delivery>): DeliverySnapshot {
  return {
    delivery: {
      id: 'e:ep',
      tenant: 'default',
      eventId: 'e',
      eventType: 'a',
      endpointId: 'ep',
      state: 'retrying',
      createdAt: 0,
      updatedAt: 0,
      attempts: 0,
      round: 0,
      roundAttempts: 0,
      nextAttemptAt: null,
      lastAttempt: null,
      lane: 'main',
      keepUntil: 123,
      transformed: false,
      ...parts,
    },
    health: null,
    versions: { delivery: 1, health: null },
    conflicts: 0,
  }
}
