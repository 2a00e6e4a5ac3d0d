/** Remembers a value over everything a call does, also after waiting: `AsyncLocalStorage` fits. */
export interface ContextStorage<Value> {
  run<Result>(value: Value, act: () => Result): Result
  getStore(): Value | undefined
}

interface AsyncHooks {
  readonly AsyncLocalStorage: new <Value>() => ContextStorage<Value>
}

/**
 * The platform's own, where it can be had without an import that other platforms refuse: Node,
 * Deno, Bun, and Workers with Node's modules.
 *
 * @returns `null` where there is none
 */
export function systemContextStorage<Value>(): ContextStorage<Value> | null {
  const { process } = globalThis as {
    readonly process?: { readonly getBuiltinModule?: (name: string) => unknown }
  }
  try {
    // A module of this name has this class.
    const hooks = process?.getBuiltinModule?.('async_hooks') as AsyncHooks | undefined
    return hooks === undefined ? null : new hooks.AsyncLocalStorage<Value>()
  } catch {
    return null
  }
}
