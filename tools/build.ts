import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { runProgram } from './run-program.ts'

/** Compiles `src` into `dist`, file to file, from scratch. */
const root = join(import.meta.dirname, '..')
rmSync(join(root, 'dist'), { recursive: true, force: true })
const { code, output } = await runProgram('tsc', ['-p', 'tsconfig.build.json'], { cwd: root })
process.stdout.write(output)
process.exitCode = code
