/** Values that somebody may throw, each with its name: what is not an Error, or not as an Error should be. */
export const ODD_VALUES: readonly (readonly [name: string, value: unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['a text', 'boom'],
  ['an empty text', ''],
  ['a number', 42],
  ['NaN', Number.NaN],
  ['a bigint', 10n],
  ['a boolean', false],
  ['a symbol', Symbol('boom')],
  ['a function', () => 'boom'],
  ['a plain object', { reason: 'boom' }],
  ['an object without a prototype', Object.assign(Object.create(null), { message: 'boom' })],
  ['an array', ['boom']],
  ['a frozen error', Object.freeze(new Error('boom'))],
  ['an error whose message is a number', withProperty('message', { value: 42 })],
  ['an error whose message is a symbol', withProperty('message', { value: Symbol('boom') })],
  ['an error whose message is null', withProperty('message', { value: null })],
  ['an error whose name is a number', withProperty('name', { value: 42 })],
  ['an error whose name is an object', withProperty('name', { value: {} })],
  ['an error whose name is undefined', withProperty('name', { value: undefined })],
  ['an error whose code is an object', withProperty('code', { value: { toString: fail } })],
  ['an error with a half surrogate', new Error('boom \ud83d')],
  ['an error with a text of a megabyte', new Error('x'.repeat(1_000_000))],
  ['an error with a surrogate pair at the cut', new Error(`${'x'.repeat(1999)}😀`)],
  ['an error whose message throws', withProperty('message', { get: fail })],
  ['an error whose name throws', withProperty('name', { get: fail })],
  ['an error whose code throws', withProperty('code', { get: fail })],
  ['an error whose stack throws', withProperty('stack', { get: fail })],
  ['an error whose retryAfterMs throws', withProperty('retryAfterMs', { get: fail })],
  ['an error whose retryable throws', withProperty('retryable', { get: fail })],
  ['an error whose cause is itself', selfCaused()],
  ['an error of errors', new AggregateError([new Error('a'), null], 'boom')],
  ['a class that throws when it is made text', { toString: fail, [Symbol.toPrimitive]: fail }],
  ['a proxy that throws at everything', new Proxy(new Error('boom'), throwingTraps())],
  ['a revoked proxy', revokedProxy()],
  // oxlint-disable-next-line unicorn/no-thenable -- what is thrown may be one
  ['an object with a throwing then', Object.defineProperty({}, 'then', { get: fail })],
]

function fail(): never {
  throw new Error('Reading it throws')
}

function withProperty(name: string, descriptor: PropertyDescriptor): Error {
  return Object.defineProperty(new Error('boom'), name, { ...descriptor, configurable: true })
}

function selfCaused(): Error {
  const error = new Error('boom')
  error.cause = error
  return error
}

function throwingTraps(): ProxyHandler<Error> {
  const traps = ['get', 'has', 'getPrototypeOf', 'ownKeys', 'getOwnPropertyDescriptor'] as const
  return Object.fromEntries(traps.map((trap) => [trap, fail]))
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
