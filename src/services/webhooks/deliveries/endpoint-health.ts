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

/**
 * How an endpoint has been doing: its circuit breaker, and since when it fails. Kept beside its deliveries, so that one
 * commit writes an attempt and what follows from it; absent after a success, so that an endpoint that works costs
 * nothing. Instants are ms since 1970.
 */
export interface EndpointHealth {
  readonly circuit: CircuitState
  /** The first failure after the last success. */
  readonly failingSince: number
  readonly lastFailureAt: number
}

/** What the store keeps of it. */
interface HealthRecord {
  readonly circuit: Json
  readonly failingSince: number
  readonly lastFailureAt: number
}

/** When an endpoint is spared, and when its failures are forgotten. */
export interface HealthPolicy {
  readonly circuit: CircuitPolicy
  /** A failure that no other followed for so long is forgotten, in ms: an endpoint that gets nothing does not fail. */
  readonly forgetMs: number
}

/** Ten failures in a row open the circuit for half a minute; then one delivery at a time finds out whether it can be closed. */
export const DEFAULT_CIRCUIT: CircuitPolicy = {
  failureThreshold: 10,
  // A rate would need each success written down, too.
  failureRate: null,
  minimumCalls: 1,
  windowMs: 300_000,
  resetTimeoutMs: 30_000,
  halfOpenProbes: 1,
}

/** Whether an attempt may be made now. Its `state`, where it differs, has to be committed before the attempt: it is the probe. */
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
  const forgotten = health === null || now - health.lastFailureAt > policy.forgetMs
  return {
    circuit: settleCall(circuit, policy.circuit, { generation, outcome: 'failed', now }),
    failingSince: forgotten ? now : health.failingSince,
    lastFailureAt: now,
  }
}

/** The health as the store keeps it. */
export function writeHealth({ circuit, ...dates }: EndpointHealth): Json {
  return { ...dates, circuit: writeCircuit(circuit) } satisfies HealthRecord
}

/** @returns The health; `null`, so as if the endpoint worked, for a record of another version */
export function readHealth(value: Json): EndpointHealth | null {
  // Keys of health are written by `writeHealth` alone; only the circuit is coordination's own to read.
  const { circuit: record, ...dates } = value as JsonOf<HealthRecord>
  const circuit = readCircuit(record)
  return circuit === null ? null : { ...dates, circuit }
}
