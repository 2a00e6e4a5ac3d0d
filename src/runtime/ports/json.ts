/** A value that JSON can carry unchanged. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json }

/**
 * `Value` itself where JSON can carry it unchanged, also where it is an interface, which does not
 * count as {@link Json}. What JSON cannot carry (a `Date`, a function, `undefined`, …) is `never`,
 * so that a parameter of type `Value & AsJson<Value>` refuses it.
 */
export type AsJson<Value> = Value extends Json
  ? Value
  : Value extends bigint | symbol | undefined | ((...args: never) => unknown)
    ? never
    : Value extends object
      ? { readonly [Key in keyof Value]: AsJson<Value[Key]> }
      : never
