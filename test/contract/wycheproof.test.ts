import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createEcdsaPublicKey, readEcdsaSignature } from '../../src/primitives/ecdsa.ts'
import { createEd25519PublicKey } from '../../src/primitives/ed25519.ts'
import { createHmacKey, type HmacHash } from '../../src/primitives/hmac.ts'
import { readPublicKey } from '../../src/primitives/public-key.ts'
import { verifyRsa } from '../../src/primitives/rsa.ts'

/** Project Wycheproof's files (C2SP/wycheproof, testvectors_v1) beside the project; without them there is nothing to compare. */
const folder = new URL('../../../shared/datasets/wycheproof/', import.meta.url)

interface WycheproofCase {
  readonly tcId: number
  readonly comment: string
  readonly msg: string
  readonly result: 'valid' | 'invalid' | 'acceptable'
  readonly key?: string
  readonly tag?: string
  readonly sig?: string
}

interface WycheproofGroup {
  readonly tests: readonly WycheproofCase[]
  readonly tagSize?: number
  readonly publicKey?: { readonly pk?: string }
  readonly publicKeyDer?: string
}

type Verify = (test: WycheproofCase) => Promise<boolean>

test.skipIf(!existsSync(folder)).each([
  ['hmac_sha1', 'SHA-1', 160],
  ['hmac_sha256', 'SHA-256', 256],
  ['hmac_sha512', 'SHA-512', 512],
] satisfies [string, HmacHash, number][])(
  'createHmacKey() judges the cases of %s as Wycheproof does',
  async (name, hash, bits) => {
    // Shortened codes are not ours to accept.
    const groups = groupsOf(name).filter(({ tagSize }) => tagSize === bits)
    const judged = await judge(groups, () => async ({ key, msg, tag }) => {
      return createHmacKey(hex(key), hash).verify(hex(tag), hex(msg))
    })
    expect(judged).toBeGreaterThan(80)
  },
)

test.skipIf(!existsSync(folder))('createEd25519PublicKey() judges as Wycheproof does', async () => {
  const judged = await judge(groupsOf('ed25519'), ({ publicKey }) => {
    const key = createEd25519PublicKey(hex(publicKey?.pk))
    return ({ sig, msg }) => key.verify(hex(sig), hex(msg))
  })
  expect(judged).toBeGreaterThan(140)
})

test.skipIf(!existsSync(folder))('createEcdsaPublicKey() judges as Wycheproof does', async () => {
  const judged = await judge(groupsOf('ecdsa_secp256r1_sha256'), ({ publicKeyDer }) => {
    const key = createEcdsaPublicKey(hex(publicKeyDer))
    return async ({ sig, msg }) => {
      const signature = readEcdsaSignature(hex(sig), 32)
      return signature !== null && key.verify(signature, hex(msg))
    }
  })
  expect(judged).toBeGreaterThan(480)
})

test.skipIf(!existsSync(folder))('verifyRsa() judges as Wycheproof does', async () => {
  const judged = await judge(groupsOf('rsa_signature_2048_sha256'), ({ publicKeyDer }) => {
    return ({ sig, msg }) => verifyRsa(hex(publicKeyDer), 'SHA-256', hex(sig), hex(msg))
  })
  expect(judged).toBeGreaterThan(250)
})

test.skipIf(!existsSync(folder)).each(['ecdsa_secp256r1_sha256', 'rsa_signature_2048_sha256'])(
  'readPublicKey() takes the keys of %s, and judges as Wycheproof does',
  async (name) => {
    const judged = await judge(groupsOf(name), ({ publicKeyDer }) => {
      const key = readPublicKey(hex(publicKeyDer))
      return async ({ sig, msg }) => key !== null && key.verify('SHA-256', hex(sig), hex(msg))
    })
    expect(judged).toBeGreaterThan(250)
  },
)

/** @returns How many cases were judged as they should be; `acceptable` ones may go either way */
async function judge(
  groups: readonly WycheproofGroup[],
  open: (group: WycheproofGroup) => Verify,
): Promise<number> {
  let judged = 0
  for (const group of groups) {
    const verify = open(group)
    for (const given of group.tests) {
      const accepted = await verify(given)
      if (given.result !== 'acceptable')
        expect(accepted, `${given.tcId}: ${given.comment}`).toBe(given.result === 'valid')
      judged++
    }
  }
  return judged
}

function groupsOf(name: string): readonly WycheproofGroup[] {
  // The published files' own shape.
  const file = JSON.parse(readFileSync(new URL(`${name}_test.json`, folder), 'utf8')) as {
    readonly testGroups: readonly WycheproofGroup[]
  }
  return file.testGroups
}

function hex(text = ''): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, 'hex'))
}
