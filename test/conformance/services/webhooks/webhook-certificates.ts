import { suite, type Suite } from '../../suite.ts'
import { paypalLaws } from './paypal-laws.ts'
import { snsLaws } from './sns-laws.ts'

/** What the schemes of vendors that sign with a certificate accept and refuse. */
export function webhookCertificateSuites(): readonly Suite[] {
  return [suite('webhook certificates', 'pure', [...snsLaws, ...paypalLaws], null)]
}
