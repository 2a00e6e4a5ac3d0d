import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MATRIX_PAGE, textMatrix, totalsOf, withMatrix } from './matrix.ts'
import { runConformance } from './run-conformance.ts'
import { useTemporaryFolder } from './temporary-folder.ts'

useTemporaryFolder()

/** Runs the laws everywhere and writes the matrix into its page. */
const root = join(import.meta.dirname, '..')
const path = join(root, MATRIX_PAGE)
const results = await runConformance(root)
console.log(textMatrix(results))
if (totalsOf(results).failed > 0)
  throw new Error('Cannot write the matrix: laws have failed, run npm test to see which')
const page = withMatrix(readFileSync(path, 'utf8'), results)
if (page === undefined)
  throw new Error('Cannot write the matrix: its page has no place marked for it')
writeFileSync(path, page)
