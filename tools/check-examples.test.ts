import { expect, test } from 'vitest'
import { examplesOf, unmarkedExamples } from './check-examples.ts'

const page = `# Title

\`\`\`ts
const first = 1
\`\`\`

\`\`\`ts run
const second = 2
console.log(second)
\`\`\`

\`\`\`ts fragment
{ … }
\`\`\`

\`\`\`sh
npm start
\`\`\`
`

test('examplesOf() finds the programs of a page, with the line on which each begins', () => {
  expect(examplesOf('README.md', page)).toEqual([
    { page: 'README.md', line: 4, code: 'const first = 1\n', run: false },
    { page: 'README.md', line: 8, code: 'const second = 2\nconsole.log(second)\n', run: true },
  ])
})

test('unmarkedExamples() finds the programs that are not run and do not say why', () => {
  const marks = 'run, fragment, worker, endless, peer'
  expect(unmarkedExamples('README.md', page)).toEqual([
    `README.md:3 says “ts”, ts and one of ${marks} expected`,
  ])
  expect(unmarkedExamples('README.md', page.replace('```ts\n', '```ts peer\n'))).toEqual([])
  expect(unmarkedExamples('README.md', '```ts endles\n```\n')).toHaveLength(1)
})
