import { expect, test } from 'vitest'
import { backendChecks, fetchCheck, queueCheck } from '../health/ready-checks.ts'
import { consoleSink } from '../logs/console-sink.ts'
import { LoggerService } from '../logs/logger-service.ts'
import { memorySink, type MemorySink } from '../logs/memory-sink.ts'
import { observe } from './observe.ts'
import { createObserver, type Observer } from './observer.ts'

/** Plain JavaScript may give anything. */
const odd = (value: unknown): never => value as never
const answer = (): Response => new Response('x')
const request = (): Request => new Request('https://x.example/a')

function fixture(): { readonly observer: Observer; readonly sink: MemorySink } {
  const sink = memorySink()
  return { observer: createObserver({ logger: { sinks: [sink] } }), sink }
}

test('observe() refuses what cannot be called, and options that are a promise', () => {
  expect(() => observe(odd({ fetch: 5 }), () => ({}))).toThrow(/no function fetch/)
  expect(() => observe(answer, odd(undefined))).toThrow(/configure is no function/)
  for (const made of [undefined, Promise.resolve({})])
    expect(() =>
      observe(
        answer,
        odd(() => made),
      )(request()),
    ).toThrow(/configure answers no options/)
})

test('forWork() and forRequest() refuse what they cannot name', () => {
  const { observer } = fixture()
  expect(() => observer.forWork(odd(undefined))).toThrow(/its name is no text/)
  expect(() => observer.forRequest(odd(undefined))).toThrow(/a Request expected/)
})

test('what is set or waited for may be anything, and the answer is given', async () => {
  const { observer, sink } = fixture()
  const observation = observer.forRequest(request())
  observation.set(odd(null))
  observation.set(odd('text'))
  observation.set({
    get a(): never {
      throw new Error('no')
    },
    b: 1,
  })
  const { status } = await observation.handle(() => {
    observation.waitUntil(odd(undefined))
    return answer()
  })
  expect(status).toBe(200)
  expect(sink.records[0]?.fields).toMatchObject({ a: '[Unreadable]', b: 1, status: 200 })
  expect(sink.records[0]?.fields).not.toHaveProperty('0')
})

test('an answer that is none is an error', async () => {
  const { observer, sink } = fixture()
  await observer.forRequest(request()).handle(() => Response.error())
  expect(sink.records.map(({ message, level }) => [message, level])).toEqual([
    ['request failed', 50],
  ])
})

test('a wide event, a child and a lazy argument lose nothing to a value that cannot be read', async () => {
  const sink = memorySink()
  const logger = new LoggerService({ sinks: [sink] })
  const event = logger.event('checkout', { a: 1 })
  event.set({
    get x(): never {
      throw new Error('no')
    },
  })
  event.set(odd(null))
  event.emit()
  logger.child({ a: 1 }).child(odd(undefined)).info('child')
  const unhandled: unknown[] = []
  const listen = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', listen)
  logger.info(() => Promise.reject(new Error('no')))
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', listen)
  expect(unhandled).toEqual([])
  expect(sink.records.map(({ message, fields }) => [message, fields])).toMatchObject([
    ['checkout', { a: 1, x: '[Unreadable]' }],
    ['child', { a: 1 }],
    ['', {}],
  ])
})

test('parts that are none are refused when the observer, a sink or a check is made', () => {
  const makers: readonly (() => unknown)[] = [
    () => createObserver(odd({ tracing: {} })),
    () => createObserver(odd({ metrics: {} })),
    () => createObserver(odd({ errors: {} })),
    () => consoleSink(odd({ format: 'pretty' })),
    () => fetchCheck(odd(undefined)),
    () => queueCheck(odd({})),
    () => backendChecks(odd(undefined)),
  ]
  for (const make of makers) expect(make).toThrow(/^Cannot create .* expected$/)
})
