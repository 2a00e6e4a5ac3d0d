import { STEPS } from './rig-queue.ts'
import { notesOf, type Noted, type RigRemains } from './rig-remains.ts'

/** Each saga has ended as it was to, its steps in order and undone in reverse. */
export function auditSagas({ notes, sagas }: RigRemains): readonly string[] {
  const steps = notesOf(notes, 'step')
  return sagas.flatMap(({ fails, saga }, index) => {
    const id = `saga-${index}`
    if (saga === null) return [`${id} was accepted and is lost`]
    const expected = fails ? 'compensated' : 'completed'
    if (saga.status !== expected) return [`${id} is ${saga.status}, not ${expected}`]
    return auditSteps(
      id,
      fails,
      steps.filter((note) => note.saga === id),
    )
  })
}

function auditSteps(id: string, fails: boolean, notes: readonly Noted<'step'>[]): string[] {
  const undone = STEPS.toReversed().map((step) => `undo ${step}`)
  const expected = fails ? [...STEPS, ...undone] : STEPS
  const begun = notes.filter(({ phase }) => phase === 'begins')
  const order = begun.map(({ step }) => step).filter((step, index, all) => step !== all[index - 1])
  const faults: string[] = []
  if (order.join() !== expected.join())
    faults.push(`${id} took its steps as ${order.join()}, not ${expected.join()}`)
  for (const step of expected) {
    const own = begun.filter((note) => note.step === step)
    if (new Set(own.map(({ key }) => key)).size !== 1)
      faults.push(`${id} changed the key of ${step}`)
    if (!notes.some((note) => note.step === step && note.phase === 'ends'))
      faults.push(`${id} went on although ${step} never ended`)
  }
  begun.forEach(({ fence, step }, index) => {
    const before = begun[index - 1]
    if (before !== undefined && before.fence >= fence)
      faults.push(`${id} took ${step} under fence ${fence} after ${before.fence}`)
  })
  return faults
}
