import {
  readCircuit,
  writeCircuit,
} from '../../../runtime/coordination/circuit-breaker/circuit-record.ts'
import {
  admitCall,
  CLOSED_CIRCUIT,
  settleCall,
  type Admission,
  type CircuitPolicy,
  type CircuitState,
} from '../../../runtime/coordination/circuit-breaker/circuit-state.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import type { JsonOf } from '../queues/json-of.ts'
import { RAMP_MS, rampIntervalMs } from './recovery-ramp.ts'

const FAILURES_KEPT_MS = 2_592_000_000

/**
 * How an endpoint has been doing: its circuit breaker, since when it fails, and since when it is
 * back. Kept beside its deliveries, so that one commit writes an attempt and what follows from it;
 * absent while all is well, so that an endpoint that works costs nothing. Instants are ms since
 * 1970.
 */
export interface EndpointHealth {
  readonly circuit: CircuitState
  /**
   * The first failure after the last success, and the last one; `null` when a success came after.
   */
  readonly failing: { readonly since: number; readonly lastAt: number } | null
  /** The first success after its circuit was open; `null` when there was none of late. */
  readonly backSince: number | null
}

/** What the store keeps of it. */
interface HealthRecord {
  readonly circuit: Json
  readonly failingSince?: number
  readonly lastFailureAt?: number
  readonly backSince?: number
}

/** When an endpoint is spared, and when its failures are forgotten. */
export interface HealthPolicy {
  readonly circuit: CircuitPolicy
  /**
   * A failure that no other followed for so long is forgotten, in ms: an endpoint that gets nothing
   * does not fail.
   */
  readonly forgetMs: number
}

/**
 * Ten failures in a row open the circuit for half a minute; then one delivery at a time finds out
 * whether it can be closed.
 */
export const DEFAULT_CIRCUIT: CircuitPolicy = {
  failureThreshold: 10,
  // A rate would need each success written down, too.
  failureRate: null,
  minimumCalls: 1,
  windowMs: 300_000,
  resetTimeoutMs: 30_000,
  halfOpenProbes: 1,
}

/**
 * Whether an attempt may be made now. Its `state`, where it differs, has to be committed before the
 * attempt: it is the probe.
 */
export function admitAttempt(
  health: EndpointHealth | null,
  policy: HealthPolicy,
  now: number,
): Admission {
  return admitCall(health?.circuit ?? CLOSED_CIRCUIT, policy.circuit, now)
}

/** The health after a failed attempt that `generation` of the circuit admitted. */
export function afterFailure(
  health: EndpointHealth | null,
  policy: HealthPolicy,
  { generation, now }: { readonly generation: number; readonly now: number },
): EndpointHealth {
  const circuit = health?.circuit ?? CLOSED_CIRCUIT
  const failing = health?.failing ?? null
  const forgotten = failing === null || now - failing.lastAt > policy.forgetMs
  return {
    circuit: settleCall(circuit, policy.circuit, { generation, outcome: 'failed', now }),
    failing: { since: forgotten ? now : failing.since, lastAt: now },
    backSince: health?.backSince ?? null,
  }
}

/**
 * The health after a success: as if nothing had been, but for an endpoint that was spared, which is
 * then let back step by step.
 */
export function afterSuccess(health: EndpointHealth | null, now: number): EndpointHealth | null {
  if (health === null) return null
  const { circuit, backSince } = health
  const wasOut = circuit.mode !== 'closed'
  const since = wasOut ? now : backSince
  if (since === null || rampIntervalMs(now - since) === null) return null
  const generation = circuit.generation + (wasOut ? 1 : 0)
  return {
    circuit: { ...CLOSED_CIRCUIT, generation },
    failing: null,
    backSince: since,
  }
}

/** How far apart an endpoint that is back gets its requests, in ms; `null` for no limit. */
export function recoveryIntervalMs(health: EndpointHealth | null, now: number): number | null {
  const since = health?.backSince ?? null
  return since === null ? null : rampIntervalMs(now - since)
}

/** How long the store keeps a health that says so, in ms. */
export function healthKeptMs({ failing }: EndpointHealth): number {
  return failing === null ? RAMP_MS : FAILURES_KEPT_MS
}

/** The health as the store keeps it. */
export function writeHealth({ circuit, failing, backSince }: EndpointHealth): Json {
  const record: HealthRecord = {
    circuit: writeCircuit(circuit),
    ...(failing !== null && { failingSince: failing.since, lastFailureAt: failing.lastAt }),
    ...(backSince !== null && { backSince }),
  }
  return { ...record }
}

/** @returns The health; `null`, so as if the endpoint worked, for a record of another version */
export function readHealth(value: Json): EndpointHealth | null {
  // Keys of health are written by `writeHealth` alone; only the circuit is coordination's own to
  // read.
  const record = value as JsonOf<HealthRecord>
  const circuit = readCircuit(record.circuit)
  if (circuit === null) return null
  const { failingSince, lastFailureAt, backSince = null } = record
  const failing =
    failingSince === undefined || lastFailureAt === undefined
      ? null
      : { since: failingSince, lastAt: lastFailureAt }
  return { circuit, failing, backSince }
}
