import { expect, test } from 'vitest'
import { createProgress } from './progress.ts'

test('createProgress() keeps one line on a terminal, no wider than that, and takes it away', () => {
  const written: string[] = []
  const write = (text: string): number => written.push(text)
  const progress = createProgress({ isTTY: true, columns: 10, write })
  progress.show('17 passed of many')
  progress.clear()
  progress.clear()
  expect(written).toEqual(['\r\u001B[2K17 passed', '\r\u001B[2K'])
})

test('createProgress() writes nothing where there is no terminal', () => {
  const written: string[] = []
  const progress = createProgress({ write: (text) => written.push(text) })
  progress.show('17 passed')
  progress.clear()
  expect(written).toEqual([])
})
