import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Door } from '../doors.ts'
import { runProgram } from '../run-program.ts'
import { specifierOf } from './specifier-of.ts'

/** How users compile: as strict as can be, with no ambient types but those their platform brings. */
const USERS = {
  'browser-like': {
    lib: ['es2024', 'dom', 'dom.iterable', 'dom.asynciterable'],
    types: [],
    module: 'nodenext',
  },
  worker: {
    lib: ['es2024'],
    types: ['@cloudflare/workers-types'],
    module: 'esnext',
    moduleResolution: 'bundler',
  },
} as const

/** Compiles programs that import every door of the package installed in `folder`. @returns What is wrong */
export async function checkDeclarations(folder: string, doors: readonly Door[]): Promise<string[]> {
  const elsewhere = doors.filter(({ only }) => only !== 'workers')
  const problems = await Promise.all([
    compile(folder, 'browser-like', elsewhere),
    compile(folder, 'worker', doors),
  ])
  return problems.flat()
}

async function compile(
  folder: string,
  user: keyof typeof USERS,
  doors: readonly Door[],
): Promise<string[]> {
  const lines = doors.map((door, index) => `export * as door${index} from '${specifierOf(door)}'`)
  const strictness = { strict: true, exactOptionalPropertyTypes: true }
  const config = {
    compilerOptions: { ...USERS[user], ...strictness, target: 'es2024', noEmit: true },
    files: [`${user}.ts`],
  }
  writeFileSync(join(folder, `${user}.ts`), `${lines.join('\n')}\n`)
  writeFileSync(join(folder, `tsconfig.${user}.json`), JSON.stringify(config))
  const { code, output } = await runProgram('tsc', ['-p', `tsconfig.${user}.json`], { cwd: folder })
  return code === 0 ? [] : [`a ${user} user cannot compile against the package: ${output}`]
}
