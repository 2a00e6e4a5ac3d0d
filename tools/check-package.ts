import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { checkBundles } from './package/check-bundles.ts'
import { checkDeclarations } from './package/check-declarations.ts'
import { checkImports } from './package/check-imports.ts'
import { checkLateCode } from './package/check-late-code.ts'
import { checkProgram } from './package/check-program.ts'
import { compositions } from './package/compositions.ts'
import { packPackage } from './package/pack-package.ts'
import { report } from './report.ts'
import { runProgram } from './run-program.ts'
import { doors } from './doors.ts'

/** Packs the built package, installs it elsewhere, and uses it from there. @returns What is wrong */
export async function checkPackage(root: string): Promise<string[]> {
  if (!existsSync(join(root, 'dist'))) return ['dist is absent: npm run build']
  using packed = await packPackage(root)
  const problems = await Promise.all([
    lint('publint', ['--strict', packed.package]),
    lint('attw', ['--profile', 'esm-only', '--format', 'ascii', '--no-emoji', packed.tarball]),
    checkDeclarations(packed.path, doors),
    checkImports(root, packed.path, doors),
    checkBundles(root, packed.path, doors, compositions),
    checkLateCode(root, packed.path),
    checkProgram(packed.path),
  ])
  return problems.flat()
}

async function lint(program: string, args: readonly string[]): Promise<string[]> {
  const { code, output } = await runProgram(program, args)
  return code === 0 ? [] : [`${program}: ${output}`]
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  report('package', await checkPackage(root), `${doors.length} doors packed and opened elsewhere`)
}
