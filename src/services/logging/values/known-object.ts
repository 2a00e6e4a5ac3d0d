/** What stands for an object that is more than its own properties. */
export type KnownObject =
  /** A text that says all there is to say, such as a URL. */
  | { readonly text: string }
  /** A text of our own that names what cannot be shown, such as a promise. */
  | { readonly mark: string }
  /** Names with their values, in order. */
  | { readonly entries: Iterable<readonly [unknown, unknown]> }
  /** Values in order. */
  | { readonly items: Iterable<unknown> }

/**
 * Reads what JSON would lose. Goes by the object's tag, so that objects of other realms are known
 * too.
 *
 * @returns `undefined` for an object that is its own properties, or only pretends to be more
 */
export function readKnownObject(value: object): KnownObject | undefined {
  if (ArrayBuffer.isView(value)) return { mark: `[${tagOf(value)} of ${value.byteLength} bytes]` }
  try {
    return READERS[tagOf(value)]?.(value)
  } catch {
    return undefined
  }
}

/**
 * Each is called with an object that bears its tag, and fails where it is none. They call what the
 * platform's classes have: a subclass may say anything.
 */
const READERS: Readonly<Record<string, (value: object) => KnownObject>> = {
  Map: (value) => ({ entries: Map.prototype.entries.call(value) }),
  Set: (value) => ({ items: Set.prototype.values.call(value) }),
  Headers: (value) => ({ entries: Headers.prototype.entries.call(value) }),
  URLSearchParams: (value) => ({ entries: URLSearchParams.prototype.entries.call(value) }),
  FormData: (value) => ({ entries: FormData.prototype.entries.call(value) }),
  URL: (value) => ({ text: URL.prototype.toString.call(value) }),
  RegExp: (value) => ({ text: RegExp.prototype.toString.call(value) }),
  Date: (value) => ({ mark: dateText(Date.prototype.getTime.call(value)) }),
  String: (value) => ({ text: String.prototype.valueOf.call(value) }),
  Number: (value) => ({ mark: String(Number.prototype.valueOf.call(value)) }),
  Boolean: (value) => ({ mark: String(Boolean.prototype.valueOf.call(value)) }),
  ArrayBuffer: (value) => ({ mark: `[ArrayBuffer of ${(value as ArrayBuffer).byteLength} bytes]` }),
  Blob: (value) => ({ mark: `[Blob of ${(value as Blob).size} bytes]` }),
  File: (value) => ({ mark: `[File of ${(value as File).size} bytes]` }),
  Request: (value) => {
    const { method, url } = value as Request
    return { entries: Object.entries({ method, url }) }
  },
  Response: (value) => {
    const { status, url } = value as Response
    return { entries: Object.entries(url === '' ? { status } : { status, url }) }
  },
  ReadableStream: () => ({ mark: '[ReadableStream]' }),
  Promise: () => ({ mark: '[Promise]' }),
  WeakMap: () => ({ mark: '[WeakMap]' }),
  WeakSet: () => ({ mark: '[WeakSet]' }),
  WeakRef: () => ({ mark: '[WeakRef]' }),
  AbortSignal: () => ({ mark: '[AbortSignal]' }),
}

function dateText(ms: number): string {
  return Number.isNaN(ms) ? 'Invalid Date' : new Date(ms).toISOString()
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1)
}
