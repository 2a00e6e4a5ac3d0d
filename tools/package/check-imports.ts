import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Door } from '../doors.ts'
import { runProgram } from '../run-program.ts'
import { specifierOf } from './specifier-of.ts'

/** How a program is run on each runtime. Deno gets no permission at all: a library has no business with anything while it is being imported. */
export const RUNTIMES = {
  node: ['node'],
  deno: ['deno', 'run', '--no-prompt', '--no-lock', '--node-modules-dir=manual'],
  bun: ['bun'],
} as const

/**
 * Imports every door of the package installed in `folder` on every runtime, and compares what it gets with the source.
 *
 * @returns What is wrong
 */
export async function checkImports(
  root: string,
  folder: string,
  doors: readonly Door[],
): Promise<string[]> {
  const opened = doors.filter(({ only }) => only !== 'workers')
  const program = importsOf(opened)
  writeFileSync(join(folder, 'imports.js'), program)
  const source = await runProgram(
    'node',
    ['--conditions=white-cross-source', '--input-type=module', '--eval', program],
    { cwd: root },
  )
  const results = await Promise.all(
    Object.entries(RUNTIMES).map(async ([runtime, [command, ...args]]) => {
      const { code, output } = await runProgram(command, [...args, 'imports.js'], { cwd: folder })
      if (code !== 0) return [`${runtime} cannot import the package: ${output}`]
      const speech = output.split('\n').find((line) => line !== '' && !line.startsWith('./'))
      if (speech !== undefined) return [`${runtime} prints while importing: ${speech}`]
      return output === source.output
        ? []
        : [`${runtime} imports ${output} where the source has ${source.output}`]
    }),
  )
  return results.flat()
}

/** Prints the names of every door, one line each, and nothing else: a module that speaks while it is imported shows up. */
function importsOf(doors: readonly Door[]): string {
  const imports = doors.map(
    (door, index) => `import * as door${index} from '${specifierOf(door)}'\n`,
  )
  const prints = doors.map(
    (door, index) => `console.log('${door.subpath}', Object.keys(door${index}).join())\n`,
  )
  return [...imports, ...prints].join('')
}
