/**
 * ISO 4217's active currencies with a minor unit, by the number of its decimals, as of list one
 * published on 2026-01-01
 * (https://www.six-group.com/en/products-services/financial-information/data-standards.html).
 * `Intl` is no source for this: engines disagree about a dozen of them.
 */
const CODES_BY_DECIMALS: Readonly<Record<number, string>> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  2: `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD
    CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
    GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL
    MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK
    PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS
    TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG`,
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
}

const DECIMALS: ReadonlyMap<string, number> = new Map(
  Object.entries(CODES_BY_DECIMALS).flatMap(([decimals, codes]) =>
    codes.split(/\s+/).map((code) => [code, Number(decimals)] as const),
  ),
)

/** Every currency that {@link import('./money.ts').money} knows, in no particular order. */
export const CURRENCIES: readonly string[] = [...DECIMALS.keys()]

/**
 * Reads a currency code.
 *
 * @param code Three letters of ISO 4217, in any case
 * @returns The code in capitals
 * @throws RangeError when it is no active currency with a minor unit
 */
export function checkCurrency(code: unknown): string {
  const upper = typeof code === 'string' && /^[A-Za-z]{3}$/.test(code) ? code.toUpperCase() : ''
  if (DECIMALS.has(upper)) return upper
  throw new RangeError(
    `Cannot read currency: ${describe(code)} is none, a code of ISO 4217 such as "EUR" expected`,
  )
}

/**
 * How many decimals a currency's major unit has: 2 for EUR, 0 for JPY, 3 for KWD.
 *
 * @throws RangeError when `currency` is none
 *
 * @example
 * currencyDecimals('KWD') // 3
 */
export function currencyDecimals(currency: string): number {
  return DECIMALS.get(checkCurrency(currency)) ?? 2
}

function describe(code: unknown): string {
  return typeof code === 'string' ? JSON.stringify(code.slice(0, 20)) : `a ${typeof code}`
}
