import { signWebhook, verifyWebhook } from '@white-cross/reuse/infrastructure/webhooks'
import { Webhook as Standard } from 'standardwebhooks'
import { Webhook as Svix } from 'svix'
import { rateOf, type Comparison } from './compare.ts'
import type { Comparisons } from './run.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwQzpyA7cLMZQ='
const SIZES = [
  { bytes: 256, operations: 10_000, target: 1 },
  { bytes: 65_536, operations: 300, target: 3 },
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
  readonly target: number
}

function signing(name: string, peer: Peer, { bytes, operations, target }: Size): Comparison {
  const body = textOf(bytes)
  const at = new Date()
  return {
    title: `Webhooks: signing ${bytes} bytes against ${name}`,
    setting: settingOf(bytes, operations),
    contenders: [
      {
        name: 'signWebhook',
        round: () =>
          rateOf(operations, async () => {
            for (let index = 0; index < operations; index++)
              await signWebhook(body, SECRET, { id: `msg_${index}` })
          }),
      },
      {
        name,
        round: () =>
          rateOf(operations, async () => {
            for (let index = 0; index < operations; index++) peer.sign(`msg_${index}`, at, body)
          }),
      },
    ],
    target,
    rounds: ROUNDS,
  }
}

function verifying(name: string, peer: Peer, { bytes, operations, target }: Size): Comparison {
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
  return {
    title: `Webhooks: verifying ${bytes} bytes against ${name}`,
    setting: `${settingOf(bytes, operations)} The peer parses the body as JSON when it fits; verifyWebhook leaves that to its caller, who is given the parsing here.`,
    contenders: [
      {
        name: 'verifyWebhook and JSON.parse',
        round() {
          const headers = headersNow()
          return rateOf(operations, async () => {
            for (let index = 0; index < operations; index++) {
              if (!(await verifyWebhook(body, headers, SECRET)))
                throw new Error('The signature was refused')
              JSON.parse(body)
            }
          })
        },
      },
      {
        name,
        round() {
          const headers = headersNow()
          return rateOf(operations, async () => {
            for (let index = 0; index < operations; index++) peer.verify(body, headers)
          })
        },
      },
    ],
    target,
    rounds: ROUNDS,
  }
}

/** A JSON text of so many bytes. */
function textOf(bytes: number): string {
  return JSON.stringify({ note: 'x'.repeat(bytes - 11) })
}

function settingOf(bytes: number, operations: number): string {
  return `A JSON body of ${bytes} bytes as text, ${operations} operations one after the other with one secret.`
}
