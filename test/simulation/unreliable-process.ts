import type { Backend } from '../../src/runtime/ports/backend.ts'
import type { Clock } from '../../src/runtime/ports/platform/clock.ts'
import type { Waker } from '../../src/runtime/ports/waker/waker.ts'
import { BackendError } from '../../src/runtime/ports/backend-error.ts'
import type { Chance } from './chance.ts'
import { throughCalls, type MakeCall } from './through-calls.ts'

/** How often each thing goes wrong, 0 to 1. */
export interface FaultRates {
  /** A call does not arrive. */
  readonly lost: number
  /** A call takes effect and its answer is lost. */
  readonly unanswered: number
  /** A call is sent twice. */
  readonly doubled: number
  /** A call arrives late, or its answer does. */
  readonly late: number
  /** A wake is lost, doubled or late. */
  readonly wake: number
}

/** Nothing goes wrong. */
export const NO_FAULTS: FaultRates = { lost: 0, unanswered: 0, doubled: 0, late: 0, wake: 0 }

/** What a process stands on: the world outside it. */
export interface ProcessWorld {
  readonly time: Clock
  readonly backend: Backend
  readonly waker: Required<Waker>
  readonly chance: Chance
  rates(): FaultRates
  /** Told of each fault as it happens. */
  readonly tell: (what: string) => void
}

/** A process that has its own clock, calls the backend over an unreliable network, and can die. */
export interface UnreliableProcess {
  readonly backend: Backend
  readonly clock: Clock
  /** Calls somebody over the same network. */
  readonly call: MakeCall
  /** Whether it has not died. */
  isAlive(): boolean
  /** Resolves after that time, or never when the process has died. */
  wait(ms: number): Promise<void>
  /** Sets how far its clock is ahead of the job store's. */
  skew(ms: number): void
  /** Nothing of it ever happens again; what it has sent may still arrive. */
  crash(): void
}

export function createUnreliableProcess(world: ProcessWorld): UnreliableProcess {
  const { time, chance, rates, tell } = world
  let alive = true
  let skewMs = 0
  const clock: Clock = {
    now: () => time.now() + skewMs,
    setTimer: (wake, delayMs) => time.setTimer(() => alive && wake(), delayMs),
  }
  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => void clock.setTimer(resolve, ms))
  /** Time in the network, which passes whether the process lives or not. */
  const travel = (ms: number): Promise<void> =>
    new Promise((resolve) => void time.setTimer(resolve, ms))
  const someTime = (): Promise<void> => travel(chance.pick([5, 200, 3000, 15_000]))

  async function call<Answer>(act: () => Promise<Answer>): Promise<Answer> {
    if (!alive) return new Promise(() => undefined)
    const { lost, unanswered, doubled, late } = rates()
    if (chance.of(lost)) {
      tell('network: a call is lost')
      await wait(chance.pick([0, 50, 5000]))
      throw unavailable()
    }
    if (chance.of(late / 2)) {
      tell('network: a call is late')
      await someTime()
    }
    let answer = await act()
    if (chance.of(doubled)) {
      tell('network: a call is sent twice')
      answer = await act()
    }
    if (chance.of(late / 2)) {
      tell('network: an answer is late')
      await someTime()
    }
    if (!alive) return new Promise(() => undefined)
    if (chance.of(unanswered)) {
      tell('network: an answer is lost')
      throw unavailable()
    }
    return answer
  }

  const waker: Required<Waker> = {
    async wake(queue, inMs) {
      if (!alive) return
      if (!chance.of(rates().wake)) return world.waker.wake(queue, inMs)
      const wakes = chance.pick<readonly number[]>([[], [inMs, inMs], [inMs + 4000]])
      tell(
        `network: a wake is ${['lost', 'late', 'doubled'][wakes.length === 1 ? 1 : wakes.length]}`,
      )
      for (const ms of wakes) await world.waker.wake(queue, ms)
    },
    onWake: (queue, listener) => world.waker.onWake(queue, () => alive && listener()),
  }
  return {
    backend: { ...throughCalls(world.backend, call), waker },
    call,
    isAlive: () => alive,
    clock,
    wait,
    skew: (ms) => void (skewMs = ms),
    crash: () => void (alive = false),
  }
}

function unavailable(): BackendError {
  return new BackendError('backend_unavailable', 'The network failed')
}
