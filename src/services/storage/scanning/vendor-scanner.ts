import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { readBytes } from '../../../primitives/read-bytes.ts'
import { runWithin } from '../../../primitives/run-within.ts'
import { decodeUtf8 } from '../../../primitives/utf8.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { ScanError } from './scan-error.ts'
import type { ScanVerdict, VirusScanner } from './virus-scanner.ts'

/** Options of scanners that ask a vendor. */
export interface VendorScannerOptions {
  readonly apiKey: string
  /** How long one scan may take. Default 1 minute. */
  readonly timeout?: Duration
  /** Default: the platform's. */
  readonly fetch?: FetchClient
  /** Default: the platform's. */
  readonly clock?: Clock
}

/** What differs from vendor to vendor. */
interface Vendor {
  readonly name: string
  readonly engine: string
  readonly url: string
  /** What the vendor takes in one request. */
  readonly maxBytes: number
  headers(apiKey: string): Readonly<Record<string, string>>
  body(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | FormData
  /** @returns What the answer says; `undefined` when it is none of the vendor's */
  read(answer: Readonly<Record<string, unknown>>): Verdict | undefined
}

type Verdict =
  | { readonly verdict: 'clean' }
  | { readonly verdict: 'infected'; readonly signature: string }
  | { readonly verdict: 'unscannable'; readonly reason: 'malformed' }

/**
 * Scans with attachmentAV (Sophos), in Europe.
 *
 * @example
 * const scanner = attachmentAv({ apiKey: env.ATTACHMENTAV_KEY })
 *
 * @throws TypeError or RangeError when an option is malformed
 */
export function attachmentAv(options: VendorScannerOptions): VirusScanner {
  return createScanner(options, {
    name: 'attachmentav',
    engine: 'attachmentAV',
    url: 'https://eu.developer.attachmentav.com/v1/scan/sync/binary',
    maxBytes: 10_000_000,
    headers: (apiKey) => ({ 'x-api-key': apiKey, 'content-type': 'application/octet-stream' }),
    body: (bytes) => bytes,
    read({ status, finding }) {
      if (status === 'clean') return { verdict: 'clean' }
      if (status === 'infected') return { verdict: 'infected', signature: nameOf(finding) }
      // It was not able to look into it.
      return status === 'no' ? { verdict: 'unscannable', reason: 'malformed' } : undefined
    },
  })
}

/**
 * Scans with Cloudmersive.
 *
 * @example
 * const scanner = cloudmersive({ apiKey: env.CLOUDMERSIVE_KEY })
 *
 * @throws TypeError or RangeError when an option is malformed
 */
export function cloudmersive(options: VendorScannerOptions): VirusScanner {
  return createScanner(options, {
    name: 'cloudmersive',
    engine: 'Cloudmersive',
    url: 'https://api.cloudmersive.com/virus/scan/file',
    maxBytes: 26_214_400,
    headers: (apiKey) => ({ apikey: apiKey }),
    body(bytes) {
      const form = new FormData()
      form.set('inputFile', new File([bytes], 'file', { type: 'application/octet-stream' }))
      return form
    },
    read({ CleanResult: clean, FoundViruses: found }) {
      if (clean === false) {
        const [first] = Array.isArray(found) ? (found as readonly unknown[]) : []
        const name: unknown =
          typeof first === 'object' && first !== null ? Reflect.get(first, 'VirusName') : null
        return { verdict: 'infected', signature: nameOf(name) }
      }
      // Clean, and yet with findings, is no verdict.
      const isEmpty =
        found === null || found === undefined || (Array.isArray(found) && found.length === 0)
      return clean === true && isEmpty ? { verdict: 'clean' } : undefined
    },
  })
}

function nameOf(signature: unknown): string {
  return typeof signature === 'string' && signature !== '' ? signature.slice(0, 300) : 'unnamed'
}

const MOST_ANSWER_BYTES = 65_536

function createScanner(options: VendorScannerOptions, vendor: Vendor): VirusScanner {
  const action = `use ${vendor.name}`
  checkOptions(action, options, ['apiKey'], ['timeout', 'fetch', 'clock'])
  const { apiKey, fetch = systemFetch, clock = systemClock } = options
  if (typeof apiKey !== 'string' || !/^[\x21-\x7e]{1,512}$/.test(apiKey))
    throw new TypeError(`Cannot ${action}: apiKey is malformed`)
  const timeoutMs = checkDuration(action, 'timeout', options.timeout ?? '1m', 10, 3_600_000)
  const { maxBytes, engine } = vendor
  const about = { engine, signaturesAt: null }

  async function ask(bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<ScanVerdict> {
    const response = await fetch(vendor.url, {
      method: 'POST',
      headers: vendor.headers(apiKey),
      body: vendor.body(bytes),
      redirect: 'manual',
      signal,
    })
    const { status } = response
    const body =
      response.body === null ? null : await readBytes(response.body, MOST_ANSWER_BYTES, signal)
    if (status === 413) return { verdict: 'unscannable', reason: 'too_large', ...about }
    if (status === 401 || status === 403)
      throw new ScanError('unauthorized', `Cannot scan: ${engine} refused the key`)
    if (status !== 200)
      throw new ScanError(
        status === 429 || status >= 500 ? 'unavailable' : 'failed',
        `Cannot scan: ${engine} answered ${status}`,
      )
    const verdict = body === null ? undefined : vendor.read(objectIn(body))
    if (verdict !== undefined) return { ...verdict, ...about }
    throw new ScanError('failed', `Cannot scan: ${engine} gave no verdict`)
  }

  return {
    name: vendor.name,
    capabilities: { stores: [], maxBytes, archives: true },
    async scan(input, { signal } = {}) {
      if (!(input instanceof Uint8Array) && !(input instanceof ReadableStream))
        throw new TypeError(`Cannot scan: ${engine} reads no stores, bytes or a stream expected`)
      const bytes = input instanceof Uint8Array ? input : await readBytes(input, maxBytes, signal)
      if (bytes === null || bytes.length > maxBytes)
        return { verdict: 'unscannable', reason: 'too_large', ...about }
      const late = (): ScanError =>
        new ScanError('unavailable', `Cannot scan: ${engine} took longer than ${timeoutMs} ms`)
      try {
        return await runWithin(clock, timeoutMs, signal, late, (either) => ask(bytes, either))
      } catch (cause) {
        signal?.throwIfAborted()
        if (cause instanceof ScanError) throw cause
        throw new ScanError('unavailable', `Cannot scan: ${engine} could not be reached`, { cause })
      }
    },
  }
}

function objectIn(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(decodeUtf8(body))
    // Any object has these.
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Not one of the vendor's: no verdict.
  }
  return {}
}
