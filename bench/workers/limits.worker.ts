import { DurableObject, env } from 'cloudflare:workers'
import { GcraLimiter } from '@white-cross/reuse/infrastructure/rate-limiting'
import {
  durableObjects,
  InfrastructureObject,
  type DurableObjectNamespaceLike,
} from '@white-cross/reuse/infrastructure/runtime/durable-objects'

export { InfrastructureObject }

/** The least that a limit can cost: a call that reads one row and writes it. */
export class BareObject extends DurableObject {
  constructor(...args: ConstructorParameters<typeof DurableObject>) {
    super(...args)
    this.ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS t (k TEXT PRIMARY KEY, n INTEGER)')
  }

  count(key: string): number {
    const { sql } = this.ctx.storage
    const [row] = sql.exec('SELECT n FROM t WHERE k = ?', key).toArray()
    const n = Number(row?.['n'] ?? 0) + 1
    sql.exec('INSERT OR REPLACE INTO t (k, n) VALUES (?, ?)', key, n)
    return n
  }
}

/** The configuration binds every exported object under its name. */
interface Bindings {
  readonly InfrastructureObject: DurableObjectNamespaceLike
  readonly BareObject: DurableObjectNamespace<BareObject>
}

const CONCURRENCY = 100
const KEYS = 1000

// Bound by the configuration, see `serve-workers.ts`.
const bindings = env as unknown as Bindings
const options = {
  backend: durableObjects(bindings.InfrastructureObject),
  ...({ limit: 1_000_000_000, window: '1d', timeout: '30s' } as const),
}
const limiter = new GcraLimiter(options)
const narrow = new GcraLimiter({ ...options, limit: 1, name: 'narrow' })
const uncached = new GcraLimiter({ ...options, limit: 1, name: 'narrow', denialMaxAge: 0 })

const acts: Readonly<Record<string, (index: number) => Promise<unknown>>> = {
  one: () => limiter.check('everyone'),
  many: (index) => limiter.check(`user:${index % KEYS}`),
  denied: () => uncached.check('everyone'),
  remembered: () => narrow.check('everyone'),
  bare: () => bindings.BareObject.getByName('one').count('everyone'),
}

export default {
  /** `/one?count=1000`: so many decisions, some at once. */
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const act = acts[pathname.slice(1)]
    if (act === undefined) return new Response(null, { status: 404 })
    const count = Number(searchParams.get('count'))
    let next = 0
    const lane = async (): Promise<void> => {
      while (next < count) await act(next++)
    }
    await Promise.all(Array.from({ length: CONCURRENCY }, lane))
    return new Response('done')
  },
}
