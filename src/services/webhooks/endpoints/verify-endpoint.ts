import { encodeHex } from '../../../primitives/hex.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { Attempt } from '../outbound/attempt.ts'
import type { Sender } from '../outbound/sender.ts'
import { signingSecrets, type EndpointRecord } from './endpoint.ts'

/** Whether an endpoint proved that it wants webhooks. */
export type Verification =
  | { readonly verified: true }
  | {
      readonly verified: false
      /** The attempt's error, or `wrong_answer`: a 2xx answer without the challenge. */
      readonly reason: NonNullable<Attempt['error']>['code'] | 'wrong_answer'
      readonly message: string
    }

/** The event type of the request that carries a challenge. */
const CHALLENGE_TYPE = 'webhook.challenge'

/**
 * Sends a signed challenge and wants it back: `{ "challenge": "…" }` as JSON, or the challenge
 * alone as text. So nobody can have webhooks sent to a host whose owner did not agree.
 */
export async function challengeEndpoint(
  endpoint: EndpointRecord,
  {
    sender,
    clock,
    random,
  }: { readonly sender: Sender; readonly clock: Clock; readonly random: RandomSource },
): Promise<Verification> {
  const now = clock.now()
  const challenge = encodeHex(random.bytes(16))
  const { error, responseBody } = await sender.attempt({
    url: endpoint.url,
    id: `challenge_${encodeHex(random.bytes(12))}`,
    body: JSON.stringify({
      type: CHALLENGE_TYPE,
      timestamp: new Date(now).toISOString(),
      data: { challenge },
    }),
    secrets: signingSecrets(endpoint, now),
    headers: endpoint.headers,
  })
  if (error !== null) return { verified: false, reason: error.code, message: error.message }
  if (challengeIn(responseBody) === challenge) return { verified: true }
  return {
    verified: false,
    reason: 'wrong_answer',
    message: 'The receiver answered without the challenge that it was sent',
  }
}

function challengeIn(body: string): unknown {
  try {
    const answer: unknown = JSON.parse(body)
    return typeof answer === 'object' && answer !== null && 'challenge' in answer
      ? answer.challenge
      : answer
  } catch {
    return body.trim()
  }
}
