/**
 * `a · b / c` of integers, rounded down, without loss: also where the product is over 2⁵³.
 *
 * @param c Above 0
 */
export function divideProduct(a: number, b: number, c: number): number {
  const product = a * b
  if (Number.isSafeInteger(product)) {
    const rest = product % c
    return (product - (rest < 0 ? rest + c : rest)) / c
  }
  const [wide, divisor] = [BigInt(a) * BigInt(b), BigInt(c)]
  const quotient = wide / divisor
  return Number(wide < 0n && wide % divisor !== 0n ? quotient - 1n : quotient)
}
