/**
 * Compares in a time that depends on the lengths alone, for digests and passwords.
 *
 * @returns Whether both hold the same bytes
 */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  let differences = a.length ^ b.length
  for (let index = 0; index < a.length; index++) differences |= (a[index] ?? 0) ^ (b[index] ?? 0)
  return differences === 0
}
