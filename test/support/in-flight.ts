import { nextTurn } from './next-turn.ts'

/** Knows which answers are still to come. */
export interface InFlight {
  /** Wraps an object so that the promises which its methods give, and the methods of the objects they give, are counted. */
  watch<Target extends object>(target: Target): Target
  /** Resolves when no answer is outstanding, and nobody has asked for another one since. */
  quiet(): Promise<void>
}

/** Makes an {@link InFlight} that has seen nothing yet. */
export function createInFlight(): InFlight {
  let outstanding = 0

  async function count(answer: PromiseLike<unknown>): Promise<unknown> {
    outstanding++
    try {
      return await answer
    } finally {
      outstanding--
    }
  }

  function watch<Target extends object>(target: Target): Target {
    return new Proxy(target, {
      get(of, name) {
        const value: unknown = Reflect.get(of, name)
        if (typeof value === 'object' && value !== null) return watch(value)
        if (typeof value !== 'function') return value
        return (...args: unknown[]): unknown => {
          const answer: unknown = Reflect.apply(value, of, args)
          if (typeof answer !== 'object' || answer === null) return answer
          return isPromise(answer) ? count(answer) : watch(answer)
        }
      },
    })
  }

  return {
    watch,
    async quiet() {
      for (let calm = 0; calm < 2; calm++) {
        await nextTurn()
        if (outstanding > 0) calm = -1
      }
    },
  }
}

function isPromise(answer: object): answer is PromiseLike<unknown> {
  return 'then' in answer && typeof answer.then === 'function'
}
