import { connect } from 'node:net'
import { expect, test, vi } from 'vitest'
import { runProgram } from './run-program.ts'

test('runProgram() gives the exit code and both streams', async () => {
  const program = 'console.log("out"); console.error("err"); process.exitCode = 3'
  const { code, output } = await runProgram('node', ['-e', program])
  expect(code).toBe(3)
  expect(output).toContain('out\n')
  expect(output).toContain('err\n')
})

test('runProgram() passes on lines as they come', async () => {
  const lines: string[] = []
  await runProgram('node', ['-e', 'console.log("a\\nb")'], { onLine: (line) => lines.push(line) })
  expect(lines).toEqual(['a', 'b'])
})

test('runProgram() ends a line where the program does, not at separators of Unicode', async () => {
  const lines: string[] = []
  const program = 'process.stdout.write("a\\u2028b\\u2029c\\nlast")'
  await runProgram('node', ['-e', program], { onLine: (line) => lines.push(line) })
  expect(lines).toEqual(['a\u2028b\u2029c', 'last'])
})

test('runProgram() says so when the program cannot be started', async () => {
  const { code, output } = await runProgram('no-such-program', [])
  expect(code).toBe(-1)
  expect(output).toContain('Cannot start no-such-program')
})

test('runProgram() kills a program that takes too long', async () => {
  const { code, output } = await runProgram('node', ['-e', 'setInterval(() => {}, 1000)'], {
    timeoutMs: 300,
  })
  expect(code).toBe(-1)
  expect(output).toContain('Killed after 300 ms')
})

test('runProgram() kills what the program left behind', async () => {
  vi.stubEnv('WHITE_CROSS_NESTED_TOOL', undefined)
  const server =
    'const s = require("node:net").createServer().listen(0, () => console.log(s.address().port))'
  const program = `
    const { spawn } = require('node:child_process')
    const child = spawn(process.execPath, ['-e', ${JSON.stringify(server)}])
    child.stdout.once('data', (port) => { console.log(String(port)); process.exit(0) })`
  const { code, output } = await runProgram('node', ['-e', program])
  expect(code).toBe(0)
  await expect.poll(() => accepts(Number(output))).toBe(false)
})

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}
