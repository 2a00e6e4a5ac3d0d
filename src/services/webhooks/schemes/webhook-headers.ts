/** Headers in the forms that runtimes and frameworks hand over: `Headers`, or an object such as Node's. */
export type WebhookHeaders =
  | HeaderSource
  | { readonly [name: string]: string | readonly string[] | undefined }

/** The part of `Headers` that is used. */
export interface HeaderSource {
  get(name: string): string | null | undefined
}

/** Says a header's value by its lower-case name; `null` when it is absent or empty. */
export type HeaderReader = (name: string) => string | null

/** @returns A reader that looks for a `webhook-…` header under Svix's older name too */
export function headerReader(headers: WebhookHeaders): HeaderReader {
  const read = hasGet(headers)
    ? (name: string) => headers.get(name)
    : (name: string) => {
        const key = Object.keys(headers).find((other) => other.toLowerCase() === name)
        return key && headers[key]
      }
  return (name) => String(read(name) || read(name.replace('webhook', 'svix')) || '') || null
}

function hasGet(headers: WebhookHeaders): headers is HeaderSource {
  return typeof headers['get'] === 'function'
}
