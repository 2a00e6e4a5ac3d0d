import { join } from 'node:path'
import { readManifest } from '../read-manifest.ts'
import { runProgram } from '../run-program.ts'

/**
 * Starts every program of the package installed in `folder`: it must say the version of the package, and refuse what it does not know.
 *
 * @returns What is wrong
 */
export async function checkProgram(folder: string): Promise<string[]> {
  const home = join(folder, 'node_modules/@white-cross/reuse')
  const { bin = {}, version } = readManifest(home)
  const problems = Object.entries(bin).map(async ([name, path]) => {
    const run = (option: string) => runProgram('node', [join(home, path), option], { cwd: folder })
    const [told, refused] = await Promise.all([run('--version'), run('--no-such-option')])
    return [
      ...(told.code === 0 && told.output === `${version}\n`
        ? []
        : [`${name} --version says ${told.output}, ${version} expected`]),
      ...(refused.code === 2 && refused.output.includes('--no-such-option')
        ? []
        : [`${name} does not refuse an option that it does not know: ${refused.output}`]),
    ]
  })
  return (await Promise.all(problems)).flat()
}
