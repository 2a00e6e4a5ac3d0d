import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { runProgram } from './run-program.ts'

/** Compiles `src` into `dist`, file to file, from scratch; the program `white-cross` knows Node's types. */
const root = join(import.meta.dirname, '..')
rmSync(join(root, 'dist'), { recursive: true, force: true })
for (const project of ['tsconfig.build.json', 'src/cli/tsconfig.json']) {
  const { code, output } = await runProgram('tsc', ['-p', project], { cwd: root })
  process.stdout.write(output)
  process.exitCode ||= code
}
