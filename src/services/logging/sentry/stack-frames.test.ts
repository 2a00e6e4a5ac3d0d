import { expect, test } from 'vitest'
import { readExceptions } from './exceptions.ts'
import { readStackFrames } from './stack-frames.ts'

test.for([
  [
    'V8',
    `Error: no
  at the end of a message (x:1:2)
    at run (file:///app/src/work.ts:12:34)
    at async Promise.all (index 0)
    at async Worker.fetch (/app/node_modules/hono/dist/hono.js:5:6)
    at new Thing (/app/src/thing.ts:7:8)
    at Array.map (<anonymous>)
    at node:internal/process/task_queues:95:5
    at eval (eval at <anonymous> (/app/src/e.ts:1:2), <anonymous>:3:4)`,
    [
      ['eval', 'eval at <anonymous> (/app/src/e.ts:1:2), <anonymous>', 3, 4, false],
      [undefined, 'node:internal/process/task_queues', 95, 5, false],
      ['Array.map', '<anonymous>', undefined, undefined, false],
      ['new Thing', '/app/src/thing.ts', 7, 8, true],
      ['Worker.fetch', '/app/node_modules/hono/dist/hono.js', 5, 6, false],
      ['Promise.all', 'index 0', undefined, undefined, true],
      ['run', 'file:///app/src/work.ts', 12, 34, true],
      ['the end of a message', 'x', 1, 2, true],
    ],
  ],
  [
    'JavaScriptCore',
    `run@https://example.com/app.js:12:34
map@[native code]
@/app/src/work.ts:5:6
http://example.com/node_modules/@scope/x/index.js:7:8
async worker@/app/src/@own/w.ts:9:10
global code@/app/main.ts:1:2`,
    [
      ['global code', '/app/main.ts', 1, 2, true],
      ['async worker', '/app/src/@own/w.ts', 9, 10, true],
      [undefined, 'http://example.com/node_modules/@scope/x/index.js', 7, 8, false],
      [undefined, '/app/src/work.ts', 5, 6, true],
      ['map', '[native code]', undefined, undefined, false],
      ['run', 'https://example.com/app.js', 12, 34, true],
    ],
  ],
  [
    'SpiderMonkey',
    `foo/<@https://example.com/a.js:1:2
bar@https://example.com/a.js:3:4`,
    [
      ['bar', 'https://example.com/a.js', 3, 4, true],
      ['foo/<', 'https://example.com/a.js', 1, 2, true],
    ],
  ],
  ['nothing', 'Error: something went wrong: really', []],
] as const)('readStackFrames() reads the stacks of %s', ([_engine, stack, expected]) => {
  expect(
    readStackFrames(stack).map(({ function: name, filename, lineno, colno, in_app }) => [
      name,
      filename,
      lineno,
      colno,
      in_app,
    ]),
  ).toEqual(expected)
})

test('readStackFrames() keeps to its limits, whatever it is given', () => {
  expect(readStackFrames('    at f (x:1:2)\n'.repeat(1000)).length).toBe(50)
  for (const part of ['    at ', '@', '(', ':1', 'a(b ', '/<'])
    expect(readStackFrames(`    at ${part.repeat(100_000)}`)).toEqual([])
})

test('readExceptions() cuts a message that would make an event too large', () => {
  const [shown] = readExceptions({ type: 'Error', message: 'x'.repeat(2_000_000) }, true)
  expect(shown?.value).toHaveLength(8192)
})
