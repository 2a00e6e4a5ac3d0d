import {
  DER,
  readDer,
  readDerInside,
  readDerObjectId,
  readDerUnsigned,
  type DerElement,
} from './der.ts'

/** What a certificate's extensions say of its use (RFC 5280 §4.2). */
export interface CertificateExtensions {
  /**
   * Whether it may issue certificates of servers: basic constraints say so, and key usage and
   * extended key usage do not forbid it.
   */
  readonly isAuthority: boolean
  /**
   * Whether its key may speak for a server: it is no authority, and key usage and extended key
   * usage do not forbid it.
   */
  readonly mayServe: boolean
  /** Most authorities below it in a chain; `Infinity` when it does not say. */
  readonly pathLength: number
  /** Names of hosts it is for, lower case; `null` when it has no alternative names of any kind. */
  readonly hosts: readonly string[] | null
  /** Whether it demands something that is not looked at here, and so must not be trusted. */
  readonly hasUnknownDemands: boolean
}

const KEY_USAGE = '551d0f'
const ALTERNATIVE_NAMES = '551d11'
const BASIC_CONSTRAINTS = '551d13'
const NAME_CONSTRAINTS = '551d1e'
const POLICIES = '551d20'
const POLICY_CONSTRAINTS = '551d24'
const EXTENDED_KEY_USAGE = '551d25'

/** Extensions that may be critical: what they say is heeded, and any policy will do. */
const HEEDED = new Set([
  KEY_USAGE,
  ALTERNATIVE_NAMES,
  BASIC_CONSTRAINTS,
  POLICIES,
  EXTENDED_KEY_USAGE,
])

const SERVER_AUTHENTICATION = '2b06010505070301'
const ANY_PURPOSE = '551d2500'

/** Bits of key usage, in its first byte. */
const DIGITAL_SIGNATURE = 0x80
const SIGN_CERTIFICATES = 0x04

/**
 * @param element The certificate's `extensions`; absent when it has none
 * @returns `null` when they are not written as they should be, or one stands there twice
 */
export function readExtensions(element: DerElement | undefined): CertificateExtensions | null {
  const list = listExtensions(element)
  if (list === null) return null
  const { values, hasUnknownDemands } = list
  const constraints = readBasicConstraints(values.get(BASIC_CONSTRAINTS))
  const usage = readKeyUsage(values.get(KEY_USAGE))
  const purposes = readPurposes(values.get(EXTENDED_KEY_USAGE))
  const names = values.get(ALTERNATIVE_NAMES)
  const hosts = names === undefined ? null : readHosts(names)
  if (constraints === null || usage === null || purposes === null) return null
  if (names !== undefined && hosts === null) return null
  const { isAuthority, pathLength } = constraints
  const maySign = (usage & SIGN_CERTIFICATES) !== 0
  // Who is no authority may not say that its key signs certificates.
  if (!isAuthority && values.has(KEY_USAGE) && maySign) return null
  const isForServers = purposes.includes(SERVER_AUTHENTICATION)
  return {
    isAuthority: isAuthority && maySign && (isForServers || purposes.includes(ANY_PURPOSE)),
    mayServe: !isAuthority && (usage & DIGITAL_SIGNATURE) !== 0 && isForServers,
    pathLength,
    hosts,
    // Constraints are not weighed here, so what has them, critical or not, is not trusted.
    hasUnknownDemands:
      hasUnknownDemands || values.has(NAME_CONSTRAINTS) || values.has(POLICY_CONSTRAINTS),
  }
}

/** @returns What each extension holds, by its object identifier */
function listExtensions(element: DerElement | undefined): {
  readonly values: ReadonlyMap<string, DerElement>
  readonly hasUnknownDemands: boolean
} | null {
  const outer = element === undefined ? [] : readDer(element.content)
  const items = element === undefined ? [] : readDerInside(outer?.[0], DER.sequence)
  if (outer === null || outer.length > 1 || items === null) return null
  const values = new Map<string, DerElement>()
  let hasUnknownDemands = false
  for (const item of items) {
    const fields = readDerInside(item, DER.sequence) ?? []
    const name = readDerObjectId(fields[0])
    const value = fields.at(-1)
    const isCritical = fields.length === 3 ? readBoolean(fields[1]) : false
    if (fields.length < 2 || fields.length > 3 || isCritical === null) return null
    if (name === '' || values.has(name) || value?.tag !== DER.octetString) return null
    if (isCritical && !HEEDED.has(name)) hasUnknownDemands = true
    const [only, ...more] = readDer(value.content) ?? []
    // What others hold is theirs, and need not be DER.
    if (HEEDED.has(name) && (only === undefined || more.length > 0)) return null
    values.set(name, only ?? value)
  }
  return { values, hasUnknownDemands }
}

function readBasicConstraints(
  element: DerElement | undefined,
): Pick<CertificateExtensions, 'isAuthority' | 'pathLength'> | null {
  if (element === undefined) return { isAuthority: false, pathLength: Infinity }
  const fields = readDerInside(element, DER.sequence)
  if (fields === null || fields.length > 2) return null
  const [first] = fields
  const isAuthority = first?.tag === DER.boolean ? readBoolean(first) : false
  const path = first?.tag === DER.boolean ? fields[1] : first
  if (isAuthority === null) return null
  if (path === undefined) return { isAuthority, pathLength: Infinity }
  const length = readDerUnsigned(path)
  // Only an authority has others below it.
  if (length?.length !== 1 || !isAuthority || path !== fields.at(-1)) return null
  return { isAuthority, pathLength: length[0] ?? 0 }
}

/** @returns The bits that are looked at; all where nothing restricts the key */
function readKeyUsage(element: DerElement | undefined): number | null {
  if (element === undefined) return DIGITAL_SIGNATURE | SIGN_CERTIFICATES
  const [unused = 8, bits] = element.tag === DER.bitString ? element.content : []
  return unused < 8 && bits !== undefined ? bits : null
}

/** @returns The purposes that it names, both of those that are looked at where it names none */
function readPurposes(element: DerElement | undefined): readonly string[] | null {
  if (element === undefined) return [SERVER_AUTHENTICATION, ANY_PURPOSE]
  const purposes = readDerInside(element, DER.sequence)?.map(readDerObjectId) ?? []
  return purposes.length === 0 || purposes.includes('') ? null : purposes
}

function readHosts(element: DerElement): readonly string[] | null {
  const names = readDerInside(element, DER.sequence)
  if (names === null || names.length === 0) return null
  // A host's name is ASCII and has the context tag 2.
  return names
    .filter(({ tag }) => tag === 0x82)
    .map(({ content }) => new TextDecoder().decode(content).toLowerCase())
}

/** @returns `null` when `element` is no boolean as DER writes it */
function readBoolean(element: DerElement | undefined): boolean | null {
  const { tag, content } = element ?? {}
  if (tag !== DER.boolean || content?.length !== 1) return null
  return content[0] === 0xff ? true : content[0] === 0 ? false : null
}
