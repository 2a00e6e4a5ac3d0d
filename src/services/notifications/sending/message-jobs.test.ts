import { expect, test } from 'vitest'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { outbox } from '../providers/outbox.ts'
import { createNotifications } from './create-notifications.ts'
import { emailJob } from './message-jobs.ts'

const data = { to: 'ann@example.com', subject: 'Hello', text: 'Hello' }
const LONG = 'ż'.repeat(256)

test.each([
  [
    ['send', 'one', 1],
    ['send', 'one', 2],
  ],
  [
    [LONG, LONG, 1],
    [LONG, LONG, 2],
  ],
  [
    ['send', 'a:b', 1],
    ['send:a', 'b', 1],
  ],
] as const)('emailJob() sends %j and %j once each, however often they are run', async (...jobs) => {
  const box = outbox()
  const notifications = createNotifications({
    backend: memory(),
    from: 'shop@example.com',
    email: [box],
  })
  const { run } = emailJob(notifications)
  const { signal } = new AbortController()
  for (const [name, id, addedAt] of [...jobs, ...jobs])
    await run({ id, name, data, attempt: 1, maxAttempts: 3, addedAt }, { signal })
  expect(box.messages.length).toBe(2)
})
