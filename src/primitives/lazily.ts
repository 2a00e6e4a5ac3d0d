/**
 * @param make Called once, at first use: what is made where a module is loaded, every cold start of
 *   a Worker waits for
 */
export function lazily<Value extends object>(make: () => Value): () => Value {
  let made: Value | undefined
  return () => (made ??= make())
}
