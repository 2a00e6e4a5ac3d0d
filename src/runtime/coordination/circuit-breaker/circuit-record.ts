import type { Json } from '../../ports/json.ts'
import type { CallTally, CircuitState } from './circuit-state.ts'
import { isJsonObject } from '../json-object.ts'

/** A circuit's state as a store keeps it. */
export function writeCircuit(state: CircuitState): Json {
  if (state.mode !== 'closed') return { ...state }
  const { mode, generation, tally } = state
  const slots = tally.slots.map(({ slot, calls, failures }) => [slot, calls, failures])
  return { mode, generation, inARow: tally.inARow, slots }
}

/** @returns The state, or `null` when `value` is none (a later version's, or another's key) */
export function readCircuit(value: Json): CircuitState | null {
  if (!isJsonObject(value)) return null
  const { mode, generation, until, admitted, succeeded, inARow, slots } = value
  if (!isCount(generation)) return null
  if (mode === 'closed') {
    const read = readSlots(slots)
    if (!isCount(inARow) || read === null) return null
    return { mode, generation, tally: { inARow, slots: read } }
  }
  if (!isCount(until)) return null
  if (mode === 'open') return { mode, generation, until }
  if (mode !== 'half-open' || !isCount(admitted) || !isCount(succeeded)) return null
  return { mode, generation, until, admitted, succeeded }
}

function readSlots(value: Json | undefined): CallTally['slots'] | null {
  if (!Array.isArray(value)) return null
  const read: { slot: number; calls: number; failures: number }[] = []
  for (const item of value as readonly Json[]) {
    const [slot, calls, failures] = Array.isArray(item) ? (item as readonly Json[]) : []
    if (!isCount(slot) || !isCount(calls) || !isCount(failures)) return null
    read.push({ slot, calls, failures })
  }
  return read
}

function isCount(value: Json | undefined): value is number {
  return typeof value === 'number' && value >= 0
}
