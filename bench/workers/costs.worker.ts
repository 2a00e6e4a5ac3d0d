import { env } from 'cloudflare:workers'
import {
  durableObjects,
  InfrastructureObject,
  jobRunner,
  type DurableObjectNamespaceLike,
} from '@white-cross/reuse/infrastructure/runtime/durable-objects'
import { costUnits } from '../cost-units.ts'

/** What the platform sends a bill for. */
const used = { rowsWritten: 0, rowsRead: 0, requests: 0 }

/** The last part of a result is counted once it is read. */
interface Cursor {
  readonly rowsRead: number
  readonly rowsWritten: number
  toArray(): readonly object[]
}

/** Counts what its storage writes and reads. All objects and the Worker share this isolate. */
export class CostsObject extends InfrastructureObject {
  constructor(...args: ConstructorParameters<typeof InfrastructureObject>) {
    const [{ storage }] = args
    const { sql } = storage
    const exec = sql.exec.bind(sql)
    Object.defineProperty(sql, 'exec', {
      value: (...given: Parameters<typeof exec>) => {
        // The platform's cursor tells more than the library asks for.
        const cursor = exec(...given) as Cursor
        return {
          toArray() {
            const rows = cursor.toArray()
            used.rowsRead += cursor.rowsRead
            used.rowsWritten += cursor.rowsWritten
            return rows
          },
        }
      },
    })
    const setAlarm = storage.setAlarm.bind(storage)
    Object.defineProperty(storage, 'setAlarm', {
      value(at: number) {
        used.rowsWritten++
        return setAlarm(at)
      },
    })
    super(...args)
  }

  override async alarm(): Promise<void> {
    used.requests++
    await super.alarm()
  }
}

// The configuration binds every exported object under its name.
const { CostsObject: namespace } = env as { readonly CostsObject: DurableObjectNamespaceLike }
const counted: DurableObjectNamespaceLike = {
  getByName(name) {
    const stub = namespace.getByName(name)
    return new Proxy(stub, {
      get(target, method) {
        const call: unknown = Reflect.get(target, method)
        if (typeof call !== 'function') return call
        return (...args: readonly unknown[]) => {
          used.requests++
          return Reflect.apply(call, target, args)
        }
      },
    })
  },
}
const { units, workers } = costUnits(durableObjects(counted))

export const JobRunner = jobRunner(...workers)

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/units') return Response.json(units.map(({ name }) => name))
    if (pathname === '/run')
      await units[Number(searchParams.get('unit'))]?.run(Number(searchParams.get('count')))
    return Response.json(used)
  },
}
