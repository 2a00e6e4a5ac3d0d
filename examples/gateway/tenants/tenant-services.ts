import type { JobQueue, SagaOrchestrator } from '@white-cross/reuse/infrastructure/background-jobs'
import type { Notifications } from '@white-cross/reuse/infrastructure/notifications'
import type { Payments } from '@white-cross/reuse/infrastructure/payments'
import type { BlobStore } from '@white-cross/reuse/infrastructure/storage'
import type { UploadSessions } from '@white-cross/reuse/infrastructure/storage/uploads'
import { runServices, sweepServices } from '@white-cross/reuse/infrastructure/runtime/coordination'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import type {
  Backend,
  JobProcessor,
  Service,
  ServiceRunOptions,
} from '@white-cross/reuse/infrastructure/runtime/ports'
import type * as z from 'zod/mini'
import { DEFAULT_TENANT } from '../access/caller.ts'
import { readTenantQueue, tenantBackend } from './tenant-backend.ts'
import { createTenantDirectory, type TenantDirectory } from './tenant-directory.ts'

/** Where a tenant keeps files, and what uploads to it go on with. */
export interface TenantFiles {
  readonly store: BlobStore
  readonly uploads: UploadSessions
  /** Signs tickets. Default: there are none. */
  readonly ticketSecret?: string
}

/** A saga that can be started over HTTP. */
export interface GatewaySaga {
  readonly orchestrator: SagaOrchestrator
  /** What it may be started with. */
  readonly input: z.ZodMiniType
}

/** The services of one tenant, on its part of the backend. */
export interface TenantServices {
  readonly notifications?: Notifications
  readonly payments?: Payments
  readonly files?: TenantFiles
  readonly queues: readonly JobQueue[]
  readonly sagas: readonly GatewaySaga[]
  /** All of them, for what runs and sweeps. */
  readonly services: readonly Service[]
}

/** Makes the services of a tenant; `backend` is its own, `tenant` is `null` where nothing is kept. */
export type CreateTenantServices = (backend: Backend, tenant: string | null) => TenantServices

/** The services of all tenants, as one. */
export interface Tenants extends Service {
  readonly directory: TenantDirectory
  /** The services to write with: from now on the tenant is known. */
  toWrite(tenant: string): Promise<TenantServices>
  /** The services to read with: of a tenant whom nobody knows nothing is there. */
  toRead(tenant: string): Promise<TenantServices>
  /** Runs the jobs of any tenant's queue, for `jobRunner({ processorOf })`. */
  processorOf(queue: string): JobProcessor | undefined
}

const REMEMBERED = 200
/** Tenants whom one sweep sees to; the next goes on with those after them. */
const SWEPT = 50
const LOOK_MS = 5000

/** Keeps the services of the tenants that were asked for lately. */
export function createTenants(backend: Backend, create: CreateTenantServices): Tenants {
  const directory = createTenantDirectory(backend.store)
  const known = new Map<string, TenantServices>()
  const running = new Set<(tenant: string) => void>()
  let nobody: TenantServices | undefined

  function of(tenant: string): TenantServices {
    const found = known.get(tenant)
    if (found !== undefined) return found
    const made = create(tenantBackend(backend, tenant), tenant)
    if (known.size >= REMEMBERED) known.clear()
    known.set(tenant, made)
    return made
  }

  async function* everyOne(): AsyncGenerator<string> {
    yield DEFAULT_TENANT
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<TenantDirectory['page']>> = await directory.page(
        cursor ?? undefined,
      )
      yield* page.tenants
      cursor = page.cursor
    } while (cursor !== null)
  }

  return {
    name: 'tenants',
    processors: of(DEFAULT_TENANT).services.flatMap(({ processors }) => processors),
    directory,
    async toWrite(tenant) {
      await directory.add(tenant)
      for (const start of running) start(tenant)
      return of(tenant)
    },
    async toRead(tenant) {
      if (await directory.has(tenant)) return of(tenant)
      nobody ??= create(memory(), null)
      return nobody
    },
    processorOf(queue) {
      const { tenant, name } = readTenantQueue(queue)
      const processors = of(tenant).services.flatMap((service) => service.processors)
      return processors.find((processor) => processor.queue === name)
    },
    run: (options) => runTenants(options, of, everyOne, running),
    async sweep() {
      const partition = backend.store.partition('gateway:sweep')
      const at = (await partition.get('cursor'))?.value
      const page = await directory.page(typeof at === 'string' ? at : undefined)
      const tenants = [DEFAULT_TENANT, ...page.tenants.slice(0, SWEPT)]
      const last = tenants.at(-1)
      const isWhole = page.cursor === null && page.tenants.length <= SWEPT
      if (at !== undefined || !isWhole)
        await partition.commit({
          set: [{ key: 'cursor', value: isWhole || last === undefined ? null : `tenant/${last}` }],
        })
      await sweepServices(tenants.flatMap((tenant) => of(tenant).services))
    },
    healthChecks: Object.fromEntries(
      of(DEFAULT_TENANT).services.flatMap(({ healthChecks = {} }) => Object.entries(healthChecks)),
    ),
    async readMetrics() {
      const { services } = of(DEFAULT_TENANT)
      const readings = services.map(async (service) => (await service.readMetrics?.()) ?? [])
      return (await Promise.all(readings)).flat()
    },
  }
}

/** Works every tenant's queues in this process: those known at the start, and those that come. */
async function runTenants(
  { signal, onError }: ServiceRunOptions,
  of: (tenant: string) => TenantServices,
  everyOne: () => AsyncGenerator<string>,
  running: Set<(tenant: string) => void>,
): Promise<void> {
  const works = new Map<string, Promise<void>>()
  const failed = new AbortController()
  const stop = AbortSignal.any([signal, failed.signal])
  const start = (tenant: string): void => {
    if (works.has(tenant) || stop.aborted) return
    const work = runServices(of(tenant).services, {
      signal: stop,
      ...(onError !== undefined && { onError }),
    })
    works.set(
      tenant,
      work.catch((error: unknown) => failed.abort(error)),
    )
  }
  running.add(start)
  try {
    while (!stop.aborted) {
      try {
        // Other processes make tenants too.
        for await (const tenant of everyOne()) start(tenant)
      } catch (error) {
        onError?.(error)
      }
      await waitFor(LOOK_MS, stop)
    }
  } finally {
    running.delete(start)
    await Promise.all(works.values())
  }
  if (failed.signal.aborted) throw failed.signal.reason
}

function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      done()
    })
  })
}
