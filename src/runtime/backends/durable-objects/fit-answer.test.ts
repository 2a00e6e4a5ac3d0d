import { expect, test } from 'vitest'
import type { ClaimedJob, Exchange, ExchangeResult } from '../../ports/job-store/job-store.ts'
import { fitExchange, fitPage } from './fit-answer.ts'
import { fromJsonText, MESSAGE_CHARS } from './json-text.ts'

test('fitPage() asks for half as many until the page fits', () => {
  const asked: (number | undefined)[] = []
  const list = ({ limit = 0 }: { readonly limit?: number }): string => {
    asked.push(limit)
    return 'x'.repeat(limit * 1_000_000)
  }
  expect(fromJsonText(fitPage({ limit: 45 }, list))).toHaveLength(12_000_000)
  expect(asked).toEqual([45, 23, 12])
})

test('fitPage() answers with one item however large', () => {
  const text = 'x'.repeat(MESSAGE_CHARS)
  expect(fromJsonText(fitPage({ limit: 2 }, () => text))).toBe(text)
})

test('fitExchange() gives back the claimed jobs that do not fit, with their attempts', () => {
  const requests: Exchange[] = []
  const claimed = Array.from({ length: 5 }, (_, index) => claimedJob(`j${index}`, 4_000_000))
  const exchange = (request: Exchange): ExchangeResult => {
    requests.push(request)
    const first = requests.length === 1
    return { settled: [], extended: [], claimed: first ? claimed : [], wakeInMs: first ? null : 0 }
  }
  const claim = { limit: 5, leaseMs: 1000 }
  const result = fromJsonText(fitExchange({ claim }, exchange))
  expect([result.claimed.map(({ id }) => id), result.wakeInMs]).toEqual([['j0', 'j1', 'j2'], 0])
  const outcome = { to: 'scheduled', delayMs: 0, refund: true }
  expect(requests[1]?.settle).toEqual(['j3', 'j4'].map((id) => ({ id, token: 7, outcome })))
})

function claimedJob(id: string, chars: number): ClaimedJob {
  const data = 'x'.repeat(chars)
  const rest = {
    options: null,
    attempt: 1,
    maxAttempts: 1,
    priority: 0,
    addedAt: 0,
    lastError: null,
  }
  return { id, name: 'n', data, token: 7, ...rest }
}
