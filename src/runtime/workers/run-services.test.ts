import { expect, test } from 'vitest'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { createSeededRandom } from '../../testing/seeded-random.ts'
import { memory } from '../backends/memory/index.ts'
import type { Service, ServiceRunOptions } from '../ports/service.ts'
import { runServices, sweepServices } from './run-services.ts'

function service(name: string, parts: Partial<Service> = {}): Service {
  return { name, processors: [], ...parts }
}

test('runServices() runs each in its own way, and those without one by a worker for each processor', async () => {
  const clock = createFakeClock()
  const backend = memory({ clock, random: createSeededRandom() })
  const ran: unknown[] = []
  const stop = new AbortController()
  const onError = (): void => {}
  const running = runServices(
    [
      service('own', {
        async run(options) {
          ran.push([options.signal.aborted, options.onError === onError])
        },
      }),
      service('plain', {
        processors: [
          {
            queue: 'plain',
            async process({ data }) {
              ran.push(data)
              return { to: 'completed' }
            },
          },
        ],
      }),
      service('idle'),
    ],
    { signal: stop.signal, backend, clock, onError },
  )
  await backend.jobStore.queue('plain').add([{ name: 'n', data: 'job' }])
  await backend.waker.wake('plain', 0)
  await clock.advance(0)
  expect(ran).toEqual([[false, true], 'job'])
  stop.abort()
  await clock.advance(0)
  await running
})

test('runServices() stops the others when one cannot go on, and throws what that threw', async () => {
  const ended: string[] = []
  const untilStopped = (name: string): Service =>
    service(name, {
      run: ({ signal }: ServiceRunOptions) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            ended.push(name)
            resolve()
          })
        }),
    })
  const failing = service('failing', { run: () => Promise.reject(new Error('gone')) })
  await expect(
    runServices([untilStopped('a'), failing, untilStopped('b')], {
      signal: new AbortController().signal,
    }),
  ).rejects.toThrow('gone')
  expect(ended).toEqual(['a', 'b'])
})

test('runServices() refuses two services for one queue, and jobs that nobody would run', async () => {
  const processors = [{ queue: 'q', process: async () => ({ to: 'completed' }) as const }]
  const { signal } = new AbortController()
  await expect(
    runServices([service('a', { processors }), service('b', { processors })], { signal }),
  ).rejects.toThrow('Cannot run services: a and b are both for queue "q", one expected')
  await expect(runServices([service('a', { processors })], { signal })).rejects.toThrow(
    'Cannot run services: a has jobs and no run of its own, so backend is missing, one expected',
  )
})

test('sweepServices() sees to all of them, and then throws what any of them threw', async () => {
  const swept: string[] = []
  const sweeping = (name: string): Service =>
    service(name, { sweep: async () => void swept.push(name) })
  const failing = (message: string): Service =>
    service(message, {
      sweep() {
        throw new Error(message)
      },
    })
  await sweepServices([sweeping('a'), service('idle')])
  await expect(sweepServices([failing('down'), sweeping('b')])).rejects.toThrow('down')
  await expect(sweepServices([failing('x'), failing('y'), sweeping('c')])).rejects.toMatchObject({
    errors: [{ message: 'x' }, { message: 'y' }],
  })
  expect(swept).toEqual(['a', 'b', 'c'])
})
