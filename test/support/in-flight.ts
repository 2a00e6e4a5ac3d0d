import { nextTurn } from './next-turn.ts'

/** Knows which answers are still to come: those that it watches, and all of WebCrypto's. */
export interface InFlight {
  /** Wraps an object so that the promises which its methods give, and the methods of the objects they give, are counted. */
  watch<Target extends object>(target: Target): Target
  /** Resolves when no answer is outstanding, and nobody has asked for another one since. */
  quiet(): Promise<void>
}

/** Calls of WebCrypto that are not answered, whoever made them. */
let enciphering = 0
countCrypto()

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
        const isBusy = outstanding + enciphering > 0
        await nextTurn(isBusy)
        if (isBusy) calm = -1
      }
    },
  }
}

/** WebCrypto works beside the event loop, for as long as a machine takes. */
function countCrypto(): void {
  const methods: readonly (keyof SubtleCrypto)[] = [
    'digest',
    'sign',
    'verify',
    'encrypt',
    'decrypt',
    'importKey',
    'exportKey',
    'generateKey',
    'deriveBits',
    'deriveKey',
    'wrapKey',
    'unwrapKey',
  ]
  for (const name of methods) {
    const plain: unknown = crypto.subtle[name]
    if (typeof plain !== 'function') continue
    const counted = async (...args: unknown[]): Promise<unknown> => {
      enciphering++
      try {
        return await Reflect.apply(plain, crypto.subtle, args)
      } finally {
        enciphering--
      }
    }
    Object.defineProperty(crypto.subtle, name, { value: counted, configurable: true })
  }
}

function isPromise(answer: object): answer is PromiseLike<unknown> {
  return 'then' in answer && typeof answer.then === 'function'
}
