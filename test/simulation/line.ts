import type { Backend } from '../../src/runtime/ports/backend.ts'
import { throughCalls } from './through-calls.ts'
import { nextTurn } from '../support/next-turn.ts'

/** Does one thing after the other, so that the same happens in the same order on every backend. */
export interface Line {
  inLine<Answer>(act: () => Promise<Answer>): Promise<Answer>
  /** A backend whose calls stand in line. */
  through(backend: Backend): Backend
  /** Resolves when nothing stands in line, and nothing comes of what was answered. */
  quiet(): Promise<void>
}

/** Promises between an answer and what a process asks next: far fewer than this. */
const LONGEST_CHAIN = 300

export function createLine(): Line {
  let last: Promise<unknown> = Promise.resolve()
  let [asked, outstanding] = [0, 0]

  async function count<Answer>(answer: Promise<Answer>): Promise<Answer> {
    asked++
    outstanding++
    try {
      return await answer
    } finally {
      outstanding--
    }
  }

  function inLine<Answer>(act: () => Promise<Answer>): Promise<Answer> {
    const answer = last.then(act)
    last = answer.catch(() => undefined)
    return count(answer)
  }

  return {
    inLine,
    through: (backend) => throughCalls(backend, inLine),
    async quiet() {
      for (let seen = -1; seen !== asked;) {
        seen = asked
        while (outstanding > 0) await nextTurn(true)
        // In workerd a turn can be over before a chain of promises is.
        for (let turn = 0; turn < LONGEST_CHAIN; turn++) await Promise.resolve()
        await nextTurn(false)
      }
    },
  }
}
