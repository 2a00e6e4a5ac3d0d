import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { apiReport } from './api-report.ts'
import { checkApi, writeApi } from './check-api.ts'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'api-'))
  mkdirSync(join(root, 'dist/services'), { recursive: true })
  write('index', `export { greet, type Greeting } from './services/greet.ts';\n`)
  write('other', `export { greet as hello } from './services/greet.ts';\n`)
  write(
    'services/greet',
    `/** Greets. */
export declare function greet(name: string): Greeting;
export declare function greet(/** Of a person. */ name: string, twice: true): Greeting;
/** What is said. */
export interface Greeting {
    /** In plain words. */
    readonly text: string;
}
export declare const LANGUAGE = "en";
`,
  )
})

afterEach(() => rmSync(root, { recursive: true }))

function write(module: string, text: string): void {
  writeFileSync(join(root, `dist/${module}.d.ts`), text)
}

function reported(): Map<string, string> {
  return apiReport(root, [
    { subpath: './infrastructure', source: 'src/other.ts' },
    { subpath: './infrastructure/greeting', source: 'src/index.ts' },
  ])
}

test('apiReport() gives each symbol with its signatures once, without comments', () => {
  expect(Object.fromEntries(reported())).toEqual({
    'greeting.txt': `# ./infrastructure/greeting

Greeting
  interface Greeting {
      readonly text: string;
  }

greet
  function greet(name: string): Greeting;
  function greet( name: string, twice: true): Greeting;
`,
    'infrastructure.txt': `# ./infrastructure

hello
  // ./infrastructure/greeting
`,
  })
})

test('checkApi() says which line of a signature has changed', () => {
  writeApi(root, reported())
  expect(checkApi(root, reported())).toEqual([])
  write(
    'services/greet',
    'export declare function greet(name: string): string;\nexport type Greeting = string;\n',
  )
  expect(checkApi(root, reported())).toEqual([
    'docs/api/greeting.txt line 4 is now "type Greeting = string;": npm run api, and look at what changed',
  ])
})

test('checkApi() knows files that are missing and files that are left over', () => {
  writeApi(root, new Map([['gone.txt', '']]))
  expect(checkApi(root, new Map([['new.txt', 'a\n']]))).toEqual([
    'docs/api/gone.txt is about nothing that is public: npm run api',
    'docs/api/new.txt line 1 is now "a": npm run api, and look at what changed',
  ])
})
