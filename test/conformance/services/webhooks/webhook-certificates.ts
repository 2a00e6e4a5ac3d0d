import { suite, type Suite } from '../../suite.ts'
import { certificateChainLaws } from './certificate-chain-laws.ts'
import { paypalLaws } from './paypal-laws.ts'
import { snsLaws } from './sns-laws.ts'

/** What the schemes of vendors that sign with a certificate accept and refuse. */
export function webhookCertificateSuites(): readonly Suite[] {
  const laws = [...snsLaws, ...paypalLaws, ...certificateChainLaws]
  return [suite('webhook certificates', 'pure', laws, null)]
}
