import { createLockResident } from './lock-resident.ts'
import type { Resident, ResidentParts } from './resident.ts'
import { createSagaResident } from './saga-resident.ts'
import { createWebhookResident } from './webhook-resident.ts'

const RESIDENTS = [createLockResident, createSagaResident, createWebhookResident]
/** The share of worlds in which each of them lives. */
const SHARE = 0.4

/** Who lives in a world beside its queue: anybody, nobody or all of them. */
export function chooseResidents(parts: ResidentParts): readonly Resident[] {
  return RESIDENTS.filter(() => parts.chance.of(SHARE)).map((create) => create(parts))
}
