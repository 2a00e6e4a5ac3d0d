/** `true` where both types are the same to the compiler, `any` and modifiers included. */
export type Equals<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Refuses to compile unless its argument is `true`: `proven<Equals<A, B>>()`. */
export function proven<_Claim extends true>(): void {}
