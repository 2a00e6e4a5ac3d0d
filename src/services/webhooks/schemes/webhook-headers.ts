/**
 * Headers in the forms that runtimes and frameworks hand over: `Headers`, or an object such as
 * Node's.
 */
export type WebhookHeaders =
  | HeaderSource
  | { readonly [name: string]: string | readonly string[] | undefined }

/** The part of `Headers` that is used. */
export interface HeaderSource {
  get(name: string): string | null | undefined
}

/** Says a header's value by its lower-case name; `null` when it is absent. */
export type HeaderReader = (name: string) => string | null

/** @returns A reader that joins what an object lists, as `Headers` does */
export function headerReader(headers: WebhookHeaders): HeaderReader {
  if (hasGet(headers)) return (name) => headers.get(name) ?? null
  return (name) => {
    const key = Object.keys(headers).find((other) => other.toLowerCase() === name)
    const value = key === undefined ? null : headers[key]
    return value == null ? null : typeof value === 'string' ? value : [value].flat().join(', ')
  }
}

function hasGet(headers: WebhookHeaders): headers is HeaderSource {
  return typeof headers['get'] === 'function'
}
