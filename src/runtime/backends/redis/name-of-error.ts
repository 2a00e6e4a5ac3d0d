/** `DEPTH_ZERO_SELF_SIGNED_CERT`, `ECONNREFUSED` and their kind: never a text with an address. */
export function nameOfError(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  const code: unknown = Reflect.get(error, 'code')
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,63}$/.test(code)) return code
  return nameOfError(error.cause)
}
