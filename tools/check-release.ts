import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { report } from './report.ts'

/**
 * Whether a tag may be published: it names the version that both manifests have, and the changelog
 * tells of it.
 *
 * @returns One sentence for each thing that is not so
 */
export function checkRelease(root: string, tag: string): string[] {
  const read = (file: string): string => readFileSync(join(root, file), 'utf8')
  const versionOf = (file: string): unknown => {
    const manifest: unknown = JSON.parse(read(file))
    return typeof manifest === 'object' && manifest !== null && 'version' in manifest
      ? manifest.version
      : undefined
  }
  const version = tag.replace(/^v/, '')
  const wrong = ['package.json', 'deno.json'].flatMap((file) => {
    const found = versionOf(file)
    return found === version ? [] : [`${file} is of version ${String(found)}, the tag says ${tag}`]
  })
  const heading = read('CHANGELOG.md')
    .split('\n')
    .find((line) => line.startsWith(`## ${version} `))
  if (heading === undefined) return [...wrong, `CHANGELOG.md does not tell of ${version}`]
  return /\(\d{4}-\d{2}-\d{2}\)$/.test(heading)
    ? wrong
    : [...wrong, `CHANGELOG.md gives no date of ${version}: "${heading}"`]
}

if (import.meta.main) {
  const [tag = ''] = process.argv.slice(2)
  report('release', checkRelease(join(import.meta.dirname, '..'), tag), `${tag} may be published`)
}
