import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { textMatrix, totalsOf, withMatrix } from './matrix.ts'
import { runConformance } from './run-conformance.ts'
import { useTemporaryFolder } from './temporary-folder.ts'

useTemporaryFolder()

/** Runs the laws everywhere and writes the matrix into README.md. */
const root = join(import.meta.dirname, '..')
const path = join(root, 'README.md')
const results = await runConformance(root)
console.log(textMatrix(results))
if (totalsOf(results).failed > 0)
  throw new Error('Cannot write the matrix: laws have failed, run npm test to see which')
const readme = withMatrix(readFileSync(path, 'utf8'), results)
if (readme === undefined)
  throw new Error('Cannot write the matrix: README.md has no place marked for it')
writeFileSync(path, readme)
