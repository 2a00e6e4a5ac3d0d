import { readFileSync } from 'node:fs'
import { parseSync, type ParseResult } from 'oxc-parser'

/** What the checks want to know of one source file. */
export interface ParsedModule {
  /** Every specifier it imports or re-exports from, dynamic imports of a literal and type-only ones included. */
  readonly imports: readonly string[]
  /** Every name it exports; `from` is set where the name comes from another file, `star` where no name is given. */
  readonly exports: readonly ParsedExport[]
  readonly lines: number
  readonly text: string
  readonly parsed: ParseResult
}

/** One exported name. */
export interface ParsedExport {
  readonly name: string
  /** Its name in the file it comes from, or in this one. */
  readonly localName: string
  readonly from?: string
  readonly star: boolean
  readonly start: number
}

/** Reads one TypeScript file. @throws Error when it cannot be parsed */
export function parseModule(path: string): ParsedModule {
  const text = readFileSync(path, 'utf8')
  const parsed = parseSync(path, text)
  const [error] = parsed.errors
  if (error !== undefined) throw new Error(`Cannot parse ${path}: ${error.message}`)
  const { staticImports, staticExports, dynamicImports } = parsed.module
  const exports = staticExports.flatMap(({ entries, start }) =>
    entries.map((entry): ParsedExport => {
      const from = entry.moduleRequest?.value
      const name = entry.exportName.name ?? (entry.exportName.kind === 'Default' ? 'default' : '*')
      return {
        name,
        localName: entry.importName.name ?? entry.localName.name ?? name,
        ...(from !== undefined && { from }),
        star: entry.importName.kind.startsWith('All'),
        start,
      }
    }),
  )
  const imports = new Set([
    ...staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...exports.flatMap(({ from }) => from ?? []),
    ...dynamicImports.flatMap(({ moduleRequest }) =>
      literal(text.slice(moduleRequest.start, moduleRequest.end)),
    ),
    ...importedTypes(text),
  ])
  return { imports: [...imports], exports, lines: text.split('\n').length - 1, text, parsed }
}

function literal(expression: string): string[] {
  const quoted = /^(['"`])(.*)\1$/s.exec(expression)?.[2]
  return quoted === undefined ? [] : [quoted]
}

/** `import('x').Y` in a type is neither a static nor a dynamic import. */
function importedTypes(text: string): string[] {
  return [...text.matchAll(/\bimport\(\s*(['"])(.*?)\1/g)].flatMap((match) => match[2] ?? [])
}
