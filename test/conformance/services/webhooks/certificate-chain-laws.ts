import { expectRejection, type Law } from '../../../../src/runtime/ports/conformance.ts'
import { paypalWebhook } from '../../../../src/services/webhooks/schemes/paypal/paypal.ts'
import { openPaypal, PAYPAL_BODY, PAYPAL_NAME } from '../../../support/paypal-fixture.ts'
import { expectRefusal, RECEIVED_AT } from '../../../support/received-webhook.ts'
import {
  EXTENSIONS,
  generateKeys,
  issueCertificate,
  PURPOSES,
  type IssueOptions,
} from '../../../support/test-certificates.ts'

/** Which chains of certificates are trusted, shown by what PayPal sends. */
export const certificateChainLaws: readonly Law<null>[] = [
  {
    name: 'paypalWebhook() refuses a chain that is broken, expired, weak, of another use, name or root',
    async run() {
      const root = await issueCertificate({ name: 'Root', isAuthority: true })
      const { keys } = root
      const weak = await generateKeys(1024)
      const authority = { name: 'Issuer', issuer: root, isAuthority: true, keys }
      const leaf = { name: PAYPAL_NAME, keys }
      const evil = `${PAYPAL_NAME}.evil.example`
      const permitted = { host: 'paypal.com', isCritical: true }
      const chains: readonly (readonly [what: string, options: readonly IssueOptions[]])[] = [
        ['not an authority', [leaf, { ...authority, isAuthority: false }]],
        ['an authority whose key may not sign', [leaf, { ...authority, maySign: false }]],
        ['expired issuer', [leaf, { ...authority, notAfter: RECEIVED_AT - 1000 }]],
        ['future issuer', [leaf, { ...authority, notBefore: RECEIVED_AT + 3_600_000 }]],
        ['demanding issuer', [leaf, { ...authority, demands: true }]],
        ['expired leaf', [{ ...leaf, notAfter: RECEIVED_AT - 1000 }, authority]],
        ['demanding leaf', [{ ...leaf, demands: true }, authority]],
        ['other name', [{ ...leaf, name: evil }, authority]],
        ['other hosts', [{ ...leaf, hosts: [evil, `*.paypal.com`] }, authority]],
        ['no hosts among its names', [{ ...leaf, hosts: [] }, authority]],
        ['path too long', [leaf, { ...authority, name: 'Low' }, { ...authority, pathLength: 0 }]],
        ['an authority as leaf', [{ ...leaf, isAuthority: true }, authority]],
        ['a leaf that may sign', [{ ...leaf, maySign: true }, authority]],
        ['a leaf for code', [{ ...leaf, purposes: [PURPOSES.code] }, authority]],
        ['a leaf for clients', [{ ...leaf, purposes: [PURPOSES.client] }, authority]],
        ['an issuer for code', [leaf, { ...authority, purposes: [PURPOSES.code] }]],
        ['constraints', [leaf, { ...authority, permitted }]],
        [
          'light constraints',
          [leaf, { ...authority, permitted: { ...permitted, isCritical: false } }],
        ],
        ['usage twice', [{ ...leaf, twice: [EXTENSIONS.keyUsage] }, authority]],
        ['constraints twice', [leaf, { ...authority, twice: [EXTENSIONS.basicConstraints] }]],
        ['a weak leaf', [{ ...leaf, keys: weak }, authority]],
        ['a weak issuer', [leaf, { ...authority, keys: weak }]],
      ]
      for (const [what, links] of chains) {
        const { headers, read } = await openPaypal({ root, links })
        const sent = await headers()
        await expectRefusal(() => read(PAYPAL_BODY, sent), 'untrusted_certificate', what)
      }
      const { headers, read, options } = await openPaypal({ root, links: [leaf, authority] })
      const good = await headers()
      await read(PAYPAL_BODY, good)
      const stranger = await issueCertificate({ name: 'Root', isAuthority: true })
      const ended = { name: 'Root', isAuthority: true, keys, notAfter: RECEIVED_AT - 1000 }
      const { roots: _ours, ...withDigicert } = options
      for (const other of [
        { ...options, roots: stranger.pem },
        { ...options, roots: (await issueCertificate(ended)).pem },
        withDigicert,
      ])
        await expectRefusal(
          () => read(PAYPAL_BODY, good, paypalWebhook(other)),
          'untrusted_certificate',
        )
    },
  },
  {
    name: 'paypalWebhook() takes no roots that nothing could be trusted because of',
    async run() {
      const { options } = await openPaypal()
      const name = 'Root'
      const permitted = { host: 'paypal.com', isCritical: false }
      for (const roots of [
        '',
        'junk',
        (await issueCertificate({ name })).pem,
        (await issueCertificate({ name, isAuthority: true, permitted })).pem,
        (await issueCertificate({ name, isAuthority: true, keys: await generateKeys(1024) })).pem,
        `${(await issueCertificate({ name, isAuthority: true })).pem}# mine`,
      ])
        await expectRejection(
          async () => paypalWebhook({ ...options, roots }),
          (error) => error instanceof TypeError && error.message.includes('roots'),
          'a TypeError about the roots',
        )
    },
  },
  {
    name: 'paypalWebhook() accepts elliptic curves in the chain and in the signature, and what a certificate may say besides',
    async run() {
      const kinds = ['P-256', 'P-384', 2048] as const
      for (const kind of kinds) {
        const root = await issueCertificate({
          name: 'Root',
          isAuthority: true,
          keys: await generateKeys(kind),
        })
        for (const leafKind of kinds) {
          const { headers, read } = await openPaypal({
            root,
            links: [
              {
                name: 'elsewhere.example',
                hosts: ['other.example', PAYPAL_NAME.toUpperCase()],
                purposes: [PURPOSES.client, PURPOSES.server],
                keys: await generateKeys(leafKind),
              },
              {
                name: 'Issuer',
                isAuthority: true,
                pathLength: 0,
                purposes: [PURPOSES.server],
                keys: await generateKeys(kind),
              },
            ],
            algorithm:
              leafKind === 2048
                ? 'SHA256withRSA'
                : leafKind === 'P-256'
                  ? 'SHA256withECDSA'
                  : 'SHA384withECDSA',
          })
          const good = await headers()
          await read(PAYPAL_BODY, good)
          await expectRefusal(() => read(`${PAYPAL_BODY} `, good), 'signature_mismatch')
        }
      }
    },
  },
  {
    name: 'paypalWebhook() finds the issuer among others of its name, and does not search for long',
    async run() {
      const root = await issueCertificate({ name: 'Root', isAuthority: true })
      const leaf = { name: PAYPAL_NAME, keys: root.keys }
      const issuer = { name: 'Issuer', isAuthority: true }
      const links = [leaf, issuer]
      const decoys = [
        await issueCertificate(issuer),
        await issueCertificate({ ...issuer, issuer: root, notAfter: RECEIVED_AT - 1000 }),
        await issueCertificate({ ...issuer, keys: await generateKeys('P-256') }),
        await issueCertificate({ ...issuer, keys: await generateKeys(1024) }),
        await issueCertificate({ ...issuer, isAuthority: false }),
      ]
      const { headers, read } = await openPaypal({ root, links, decoys })
      await read(PAYPAL_BODY, await headers())
      // Six authorities of one name and one key, each of which seems to have issued the others.
      const { keys } = decoys[0] ?? root
      const circle = await Promise.all(
        Array.from({ length: 6 }, () => issueCertificate({ ...issuer, keys })),
      )
      const self = circle[0] ?? root
      const lost = await openPaypal({ root: self, links: [leaf], decoys: circle })
      const { options } = lost
      const other = paypalWebhook({ ...options, roots: root.pem })
      const sent = await lost.headers()
      await expectRefusal(() => lost.read(PAYPAL_BODY, sent, other), 'untrusted_certificate')
    },
  },
]
