/**
 * Looks for viruses: clamd through the sidecar or over a socket, a vendor over HTTP, or a fake.
 *
 * It fails closed: only `clean` is clean. A scanner that cannot be reached rejects, and what it
 * could not look into to the end is `unscannable`. The laws are in `virus-scanner.conformance.ts`.
 */
export interface VirusScanner {
  readonly name: string
  readonly capabilities: ScannerCapabilities
  /** @throws ScanError when there is no verdict; the input counts as not scanned */
  scan(input: ScanInput, options?: ScanOptions): Promise<ScanVerdict>
}

/** What a {@link VirusScanner} is able to do. */
export interface ScannerCapabilities {
  /** Store aliases that it reads by itself; what lies elsewhere must be handed to it as bytes. */
  readonly stores: readonly string[]
  /** The most bytes it looks at; what is longer is `unscannable`. */
  readonly maxBytes: number
  /** Whether archives are looked into and bombs are seen. */
  readonly archives: boolean
}

/** What is scanned: bytes, a stream of them, or an object that the scanner reads by itself. */
export type ScanInput =
  | Uint8Array<ArrayBuffer>
  | ReadableStream<Uint8Array<ArrayBuffer>>
  | ScannedObject

/** An object that a scanner reads by itself. */
export interface ScannedObject {
  /** The store's alias, as both sides are configured with. */
  readonly store: string
  readonly bucket: string
  readonly key: string
  /** Refuses to read another version than this. Default: whichever is there. */
  readonly etag?: string
}

/** Options of {@link VirusScanner.scan}. */
export interface ScanOptions {
  readonly signal?: AbortSignal | undefined
}

/** What a scan found. */
export type ScanVerdict =
  | ({ readonly verdict: 'clean' } & ScanEngine)
  | ({ readonly verdict: 'infected'; readonly signature: string } & ScanEngine)
  | ({ readonly verdict: 'unscannable'; readonly reason: UnscannableReason } & ScanEngine)

/** Why something could not be looked into to the end. */
export type UnscannableReason =
  /** More bytes than the scanner looks at. */
  | 'too_large'
  /** An archive whose content is larger, deeper or more than the scanner looks into. */
  | 'archive_limit'
  /** Encrypted, or locked with a password. */
  | 'encrypted'
  /** Broken, or written so that scanners and programs read different things. */
  | 'malformed'

/** Who looked, and with what knowledge. */
export interface ScanEngine {
  /** Name and version, as `ClamAV 1.4.6`. */
  readonly engine: string
  /** When its signatures were made, ms since 1970; `null` where it does not say. */
  readonly signaturesAt: number | null
}
