import { expect, test } from 'vitest'
import { commentExamples, exampleIn } from './comment-examples.ts'

test('exampleIn() takes the code of an example, up to the next tag, on its own lines', () => {
  const comment =
    '*\n * Adds.\n *\n * @example\n * add(1, 2)\n *\n * add(3)\n * @returns The sum\n '
  expect(exampleIn(comment)).toBe('\n\n\n\nadd(1, 2)\n\nadd(3)\n')
  expect(exampleIn('*\n * Adds.\n ')).toBeUndefined()
})

test('commentExamples() imports what the package exports, and lets an example return', () => {
  const examples = commentExamples(new URL('..', import.meta.url).pathname)
  const found = examples.find(({ page }) => page.endsWith('receiving/verify-webhook.ts'))
  expect(found?.code).toMatch(
    /^import \{ verifyWebhook \} from '@white-cross\/reuse\/infrastructure\/webhooks'; .*async function example\(\) \{/,
  )
  expect(examples.length).toBeGreaterThan(150)
})
