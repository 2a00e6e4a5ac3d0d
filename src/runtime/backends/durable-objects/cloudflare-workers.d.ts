/**
 * What this room uses of the runtime's own module, so that it compiles without ambient types.
 *
 * Not published: whoever uses the built types has the module from `@cloudflare/workers-types` or
 * `wrangler types`.
 */
declare module 'cloudflare:workers' {
  /** The Worker's bindings. */
  export const env: unknown

  export interface DurableObjectContext {
    readonly storage: DurableObjectStorage
    /** The Worker's own exports, callable; absent before compatibility date 2025-11-17. */
    readonly exports?: object
    abort(reason?: string): void
  }

  export interface DurableObjectStorage {
    readonly sql: {
      exec(
        sql: string,
        ...params: (string | number | null | Uint8Array)[]
      ): { toArray(): readonly object[] }
    }
    transactionSync<T>(act: () => T): T
    getAlarm(): Promise<number | null>
    setAlarm(at: number): Promise<void>
    deleteAlarm(): Promise<void>
  }

  export abstract class DurableObject<Env = unknown> {
    protected readonly ctx: DurableObjectContext
    protected readonly env: Env
    constructor(ctx: DurableObjectContext, env: Env)
  }

  export abstract class WorkerEntrypoint<Env = unknown> {
    protected readonly ctx: object
    protected readonly env: Env
    constructor(ctx: object, env: Env)
  }
}
