/**
 * Makes something when it is first asked for, and the same from then on: a start that makes the
 * schemas of every operation pays for all of them, a request needs those of one.
 */
export function lazily<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined
  return () => (made ??= { value: make() }).value
}
