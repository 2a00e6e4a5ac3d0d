import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Door } from '../doors.ts'
import { readManifest } from '../read-manifest.ts'
import { runProgram } from '../run-program.ts'
import { bundlePackage, type BundleFile } from './bundle-package.ts'
import type { Composition } from './compositions.ts'
import { specifierOf } from './specifier-of.ts'

/** What has no place in a Worker without Node's modules. */
const FORBIDDEN = /["'`]node:|\bprocess\.|\bBuffer\.|(?<![.\w])(require|eval)\(|\bnew Function\b/g

/**
 * Bundles every door of the package installed in `folder` that a bare Worker can open, looks for what such a Worker does not
 * have, and opens them all in workerd without Node's modules. Weighs the compositions.
 *
 * @returns What is wrong
 */
export async function checkBundles(
  root: string,
  folder: string,
  doors: readonly Door[],
  compositions: readonly Composition[] = [],
): Promise<string[]> {
  const open = doors.filter(({ only }) => only !== 'servers')
  // What an application installs by itself is not ours to weigh, nor to look through.
  const peers = Object.keys(readManifest(root).peerDependencies ?? {})
  const left = peers.flatMap((name) => [name, `${name}/*`])
  const problems = await Promise.all(open.map((door) => checkBundle(folder, door, left)))
  const runnable = open.filter((_, index) => problems[index]?.length === 0)
  const heavy = await Promise.all(compositions.map((given) => weigh(folder, given)))
  return [...problems.flat(), ...heavy.flat(), ...(await openInWorkerd(root, folder, runnable))]
}

async function weigh(folder: string, composition: Composition): Promise<string[]> {
  const { name, imports, budgetGzipBytes, budgetFirstGzipBytes } = composition
  const program = Object.entries(imports)
    .map(([subpath, names]) => `export { ${names.join()} } from '${specifierOf({ subpath })}'`)
    .join('\n')
  try {
    const whole = gzipBytes(await bundlePackage(folder, program))
    const split = await bundlePackage(folder, program, true)
    const first = gzipBytes(split.filter(({ late }) => !late))
    return [
      ...(whole > budgetGzipBytes
        ? [`${name} weighs ${whole} bytes gzipped, ${budgetGzipBytes} at most`]
        : []),
      ...(first > budgetFirstGzipBytes
        ? [`${name} first loads ${first} bytes gzipped, ${budgetFirstGzipBytes} at most`]
        : []),
    ]
  } catch (error) {
    return [`Cannot bundle ${name}: ${String(error)}`]
  }
}

function gzipBytes(files: readonly BundleFile[]): number {
  return files.reduce((sum, { text }) => sum + gzipSync(text, { level: 9 }).length, 0)
}

async function checkBundle(
  folder: string,
  door: Door,
  external: readonly string[],
): Promise<string[]> {
  try {
    const program = `export * from '${specifierOf(door)}'`
    const [bundle] = await bundlePackage(folder, program, false, external)
    const code = bundle?.text ?? ''
    const { subpath, budgetBytes = Infinity } = door
    const words = new Set(code.match(FORBIDDEN))
    return [
      ...[...words].map((word) => `the bundle of ${subpath} contains ${word}`),
      ...(code.length > budgetBytes
        ? [`the bundle of ${subpath} has ${code.length} bytes, ${budgetBytes} at most`]
        : []),
    ]
  } catch (error) {
    return [`Cannot bundle ${door.subpath}: ${String(error)}`]
  }
}

async function openInWorkerd(
  root: string,
  folder: string,
  doors: readonly Door[],
): Promise<string[]> {
  const imports = doors.map((door, index) => `import * as door${index} from '${specifierOf(door)}'`)
  const all = doors.map((_, index) => `door${index}`).join()
  const test = `export default { test() { if ([${all}].some((door) => Object.keys(door).length === 0)) throw new Error('A door is empty') } }`
  const entry = join(folder, 'worker.js')
  const [bundle] = await bundlePackage(folder, [...imports, test].join('\n'))
  writeFileSync(entry, bundle?.text ?? '')
  const { code, output } = await runProgram('node', [join(root, 'tools/run-workerd.ts'), entry])
  return code === 0 ? [] : [`workerd without Node's modules cannot open the package: ${output}`]
}
