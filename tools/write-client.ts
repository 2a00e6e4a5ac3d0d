import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openApiDocument } from '../examples/gateway/reference/openapi.ts'
import type { Operation } from '../examples/gateway/http/operation.ts'
import { clientSource, type ApiDocument } from './client-source.ts'
import { report } from './report.ts'
import { runProgram } from './run-program.ts'

const FOLDER = 'src/client'
const FILES = ['api/operations.ts', 'api/client.ts', 'index.ts']

/** What a program never calls so: the document, what agents speak, a WebSocket, what others sign. */
function isCalled({ id, policy, body }: Operation): boolean {
  const isForOthers = 'public' in policy && body === 'bytes'
  const asides = ['openapi', 'reference', 'mcp', 'webhooks.listeners.connect']
  return !asides.includes(id) && !isForOthers
}

/** Every operation that the gateway's contract declares. */
async function operationsOf(root: string): Promise<readonly Operation[]> {
  const folder = join(root, 'examples/gateway/contract')
  const modules = await Promise.all(
    readdirSync(folder).map(
      (file): Promise<Readonly<Record<string, unknown>>> =>
        import(pathToFileURL(join(folder, file)).href),
    ),
  )
  return modules.flatMap((module) => Object.values(module)).filter(isOperation)
}

function isOperation(value: unknown): value is Operation {
  return typeof value === 'object' && value !== null && 'policy' in value && 'answers' in value
}

/** What users import: what is written by hand, and every shape by its name. */
function door(names: readonly string[]): string {
  return `// Written by tools/write-client.ts.
export { InfrastructureError } from '../runtime/ports/infrastructure-error.ts'
export type { Client, ${names.join(', ')} } from './api/client.ts'
export {
  writeCall,
  type CallInput,
  type CallOptions,
  type OperationShape,
  type WrittenCall,
} from './call.ts'
export { createClient, type ClientOptions } from './create-client.ts'
export { GatewayError } from './gateway-error.ts'
export type { Pages } from './pages.ts'
`
}

/** @returns The client's files by name, as they are to be */
async function written(root: string): Promise<ReadonlyMap<string, string>> {
  const operations = (await operationsOf(root)).filter(isCalled)
  // `{key+}` says that a part may hold slashes, which OpenAPI cannot.
  const slashed = new Map(
    operations
      .filter(({ path }) => path.includes('{.+}'))
      .map(({ path }) => [
        path.replaceAll(/:(\w+)(?:\{[^}]*\})?/g, '{$1}'),
        path.replaceAll(/:(\w+)(\{\.\+\})?/g, (_all, name: string, more?: string) =>
          more === undefined ? `{${name}}` : `{${name}+}`,
        ),
      ]),
  )
  // The document is ours, and has this form.
  const { paths, ...rest } = openApiDocument(operations) as unknown as ApiDocument
  const named = Object.entries(paths).map(([path, here]) => [slashed.get(path) ?? path, here])
  const source = clientSource({ ...rest, paths: Object.fromEntries(named) as ApiDocument['paths'] })
  return new Map([
    ['api/operations.ts', source.operations],
    ['api/client.ts', source.client],
    ['index.ts', door(source.names)],
  ])
}

/**
 * Compares the client's files with the gateway's contract, or writes them anew.
 *
 * @returns One sentence for each file that is not as the contract has it
 */
async function checkClient(root: string, write: boolean): Promise<string[]> {
  const folder = join(root, FOLDER)
  mkdirSync(join(folder, 'api'), { recursive: true })
  const before = (file: string): string => {
    try {
      return readFileSync(join(folder, file), 'utf8')
    } catch {
      return ''
    }
  }
  const old = new Map(FILES.map((file) => [file, before(file)]))
  for (const [file, text] of await written(root)) writeFileSync(join(folder, file), text)
  const { code, output } = await runProgram('oxfmt', [folder], { cwd: root })
  if (code !== 0) throw new Error(output)
  const changed = [...old].filter(([file, text]) => before(file) !== text)
  if (write) return []
  for (const [file, text] of changed) writeFileSync(join(folder, file), text)
  return changed.map(([file]) => `${FOLDER}/${file} is not as the contract has it: npm run client`)
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  const problems = await checkClient(root, process.argv.includes('--write'))
  report('client', problems, 'src/client/api is as the gateway’s contract has it')
}
