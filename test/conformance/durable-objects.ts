import {
  durableObjects,
  InfrastructureObject,
  type DurableObjectsOptions,
} from '../../src/runtime/durable-objects/index.ts'
import type { Backend } from '../../src/runtime/ports/backend.ts'
import { systemClock, type Clock } from '../../src/runtime/ports/clock.ts'
import { createFakeClock } from '../../src/testing/fake-clock.ts'
import { backendSuites } from './backend-suites.ts'
import type { Suite } from './suite.ts'

/** An object whose clock stands still until told to move, and which finds no job runner, so that the laws' own workers get the jobs. */
export class LawInfrastructureObject extends InfrastructureObject {
  protected override readonly jobRunnerName = 'NoSuchRunner'
  protected override readonly clock: Clock = {
    now: () => this.#now,
    setTimer: systemClock.setTimer,
  }
  #now = 1_767_225_600_000

  advanceClock(ms: number): void {
    this.#now += ms
  }
}

/** The binding of {@link LawInfrastructureObject}. */
export interface LawObjectNamespace {
  getByName(name: string): { advanceClock(ms: number): Promise<void> }
}

/** The port laws on Durable Objects. */
export function durableObjectsSuites(namespace: LawObjectNamespace): readonly Suite[] {
  const names = new Set<string>()
  const recording = {
    getByName(name: string): object {
      names.add(name)
      return namespace.getByName(name)
    },
  }
  const clock = createFakeClock()
  const open = (options: DurableObjectsOptions = {}): Backend => {
    names.clear()
    return durableObjects(recording, { prefix: `${crypto.randomUUID()}/`, ...options })
  }
  const advance = async (ms: number): Promise<void> => {
    await Promise.all([...names].map((name) => namespace.getByName(name).advanceClock(ms)))
    await clock.advance(ms)
  }
  return backendSuites('durable-objects', { open: async () => open(), clock, advance })
}
