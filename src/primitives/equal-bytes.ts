/**
 * Compares in a time that depends on the lengths alone, for digests and passwords.
 *
 * @returns Whether both hold the same bytes
 */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  const differences = a.reduce((sum, byte, index) => sum | (byte ^ (b[index] ?? 0)), 0)
  return a.length === b.length && differences === 0
}
