import type { Exchange, ExchangeResult } from '../../ports/job-store/job-store.ts'
import { MESSAGE_CHARS, toJsonText, type JsonText } from './json-text.ts'

/**
 * @returns The page as text, with fewer items than asked for where they would not fit into one
 *   message
 */
export function fitPage<Options extends { readonly limit?: number }, Page>(
  options: Options,
  list: (options: Options) => Page,
): JsonText<Page> {
  for (let limit = options.limit ?? 100; ; limit = Math.ceil(limit / 2)) {
    const text = toJsonText(list({ ...options, limit }))
    // One item always fits: it has at most five values of 1 MiB.
    if (text.length <= MESSAGE_CHARS || limit === 1) return text
  }
}

/**
 * @returns The answer as text; claimed jobs that would not fit into one message are given back in
 *   the same breath
 */
export function fitExchange(
  request: Exchange,
  exchange: (request: Exchange) => ExchangeResult,
): JsonText<ExchangeResult> {
  const result = exchange(request)
  const text = toJsonText(result)
  if (text.length <= MESSAGE_CHARS) return text
  const claimed = []
  let chars = 0
  for (const job of result.claimed) {
    chars += JSON.stringify(job).length
    if (chars > MESSAGE_CHARS - 1_000_000 && claimed.length > 0) break
    claimed.push(job)
  }
  const { wakeInMs } = exchange({
    settle: result.claimed.slice(claimed.length).map(({ id, token }) => ({
      id,
      token,
      outcome: { to: 'scheduled', delayMs: 0, refund: true },
    })),
  })
  return toJsonText({ ...result, claimed, wakeInMs })
}
