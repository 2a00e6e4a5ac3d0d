import { signWebhook, verifyWebhook } from '@white-cross/reuse/infrastructure/webhooks'
import { Webhook as Standard } from 'standardwebhooks'
import { Webhook as Svix } from 'svix'
import { rateOf, type Comparison, type Contender, type Comparisons } from './compare.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwQzpyA7cLMZQ='
const SIZES = [
  { bytes: 256, operations: 10_000, atOnce: 1, target: 1 },
  { bytes: 65_536, operations: 320, atOnce: 8, target: 3 },
] as const
const PEERS = { 'standardwebhooks 1.1.1': new Standard(SECRET), 'svix 1.99.1': new Svix(SECRET) }

/** A round takes some 50 ms: many of them, so that the median is not that of whatever else ran. */
const ROUNDS = 21

type Peer = (typeof PEERS)[keyof typeof PEERS]

export async function setUp(): Promise<Comparisons> {
  const comparisons = SIZES.flatMap((size) =>
    Object.entries(PEERS).flatMap(([name, peer]) => [
      signing(name, peer, size),
      verifying(name, peer, size),
    ]),
  )
  return { comparisons, tearDown: async () => undefined }
}

interface Size {
  readonly bytes: number
  readonly operations: number
  /** Operations of ours that are under way at a time, as in a server; the peers' block the thread until they are done. */
  readonly atOnce: number
  readonly target: number
}

function signing(name: string, peer: Peer, size: Size): Comparison {
  const { bytes, operations, atOnce, target } = size
  const body = textOf(bytes)
  const at = new Date()
  const ours = (together: number): Contender => ({
    name: `signWebhook${wordsOf(together)}`,
    round: () =>
      rateOf(operations, () =>
        repeat(operations, together, async (index) => {
          await signWebhook(body, SECRET, { id: `msg_${index}` })
        }),
      ),
  })
  const theirs: Contender = {
    name,
    round: () =>
      rateOf(operations, async () => {
        for (let index = 0; index < operations; index++) peer.sign(`msg_${index}`, at, body)
      }),
  }
  return {
    title: `Webhooks: signing ${bytes} bytes against ${name}`,
    setting: settingOf(size),
    contenders: [ours(atOnce), theirs, ...(atOnce > 1 ? [ours(1)] : [])],
    target,
    rounds: ROUNDS,
  }
}

function verifying(name: string, peer: Peer, size: Size): Comparison {
  const { bytes, operations, atOnce, target } = size
  const body = textOf(bytes)
  const id = 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W'
  // Made anew each round, or a long run would leave the tolerance.
  const headersNow = (): Record<string, string> => {
    const at = new Date()
    return {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': peer.sign(id, at, body),
    }
  }
  const ours = (together: number): Contender => ({
    name: `verifyWebhook and JSON.parse${wordsOf(together)}`,
    round() {
      const headers = headersNow()
      return rateOf(operations, () =>
        repeat(operations, together, async () => {
          if (!(await verifyWebhook(body, headers, SECRET)))
            throw new Error('The signature was refused')
          JSON.parse(body)
        }),
      )
    },
  })
  const theirs: Contender = {
    name,
    round() {
      const headers = headersNow()
      return rateOf(operations, async () => {
        for (let index = 0; index < operations; index++) peer.verify(body, headers)
      })
    },
  }
  return {
    title: `Webhooks: verifying ${bytes} bytes against ${name}`,
    setting: `${settingOf(size)} The peer parses the body as JSON when it fits; verifyWebhook leaves that to its caller, who is given the parsing here.`,
    contenders: [ours(atOnce), theirs, ...(atOnce > 1 ? [ours(1)] : [])],
    target,
    rounds: ROUNDS,
  }
}

/** Calls `act` so many times, each of so many loops one call after the other. */
async function repeat(
  times: number,
  together: number,
  act: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const loop = async (): Promise<void> => {
    while (next < times) await act(next++)
  }
  await Promise.all(Array.from({ length: together }, loop))
}

function wordsOf(together: number): string {
  return together > 1 ? `, ${together} at a time` : ', one after the other'
}

/** A JSON text of so many bytes. */
function textOf(bytes: number): string {
  return JSON.stringify({ note: 'x'.repeat(bytes - 11) })
}

function settingOf({ bytes, operations, atOnce }: Size): string {
  const together =
    atOnce > 1
      ? `Ours hands long bodies to WebCrypto, which hashes them in threads of its own: ${atOnce} at a time, as in a server that answers requests side by side, and in the last row one after the other, each waiting for the way there and back. The peer hashes in JavaScript, where it makes no difference.`
      : 'One after the other.'
  return `A JSON body of ${bytes} bytes as text, ${operations} operations with one secret. ${together}`
}
