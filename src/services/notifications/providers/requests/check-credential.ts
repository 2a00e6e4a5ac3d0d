/**
 * Checks a key, a token or an account's name when a provider is made, so that a deploy without it
 * fails at once.
 *
 * @param action What cannot be done without it, as in `create sendgrid()`
 * @throws TypeError when it is absent, empty, or not plain ASCII without spaces
 */
export function checkCredential(action: string, name: string, value: unknown): string {
  if (typeof value === 'string' && /^[\x21-\x7e]{1,4096}$/.test(value)) return value
  const found = typeof value === 'string' ? 'is empty or holds other than plain ASCII' : 'is absent'
  throw new TypeError(`Cannot ${action}: ${name} ${found}, the vendor's own value expected`)
}

/**
 * Checks where a vendor's API is, for regions and stand-ins.
 *
 * @returns The URL without a slash at its end
 * @throws TypeError when it is no http or https URL
 */
export function checkBaseUrl(action: string, value: unknown): string {
  if (typeof value === 'string' && /^https?:\/\/[^\s?#]+$/.test(value))
    return value.replace(/\/+$/, '')
  throw new TypeError(`Cannot ${action}: baseUrl is no http or https URL`)
}
