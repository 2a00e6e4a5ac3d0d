import { build, type Metafile } from 'esbuild'

/** One file of a minified bundle. */
export interface BundleFile {
  readonly name: string
  readonly text: string
  /** Whether it is loaded only when something asks for it with `import()`. */
  readonly late: boolean
}

const ENTRY = 'stdin.js'

/**
 * Bundles a program that imports the package installed in `folder`, as for a Worker without Node's modules.
 *
 * @param splitting Whether what is imported late gets files of its own, as bundlers for browsers and servers do it; wrangler makes one
 *   file of all. Default false
 * @param external Packages that are left out. Default: none
 * @returns Its files, the program's own first
 */
export async function bundlePackage(
  folder: string,
  program: string,
  splitting = false,
  external: readonly string[] = [],
): Promise<readonly BundleFile[]> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: folder },
    bundle: true,
    splitting,
    absWorkingDir: folder,
    outdir: folder,
    format: 'esm',
    target: 'es2024',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['workerd'],
    external: ['cloudflare:*', ...external],
    legalComments: 'none',
    minify: true,
    write: false,
    metafile: true,
    logLevel: 'silent',
  })
  const first = loadedAtOnce(metafile)
  return outputFiles
    .map(({ path, text }) => {
      const name = path.slice(folder.length + 1)
      return { name, text, late: !first.has(name) }
    })
    .toSorted((a, b) => Number(b.name === ENTRY) - Number(a.name === ENTRY))
}

function loadedAtOnce({ outputs }: Metafile): ReadonlySet<string> {
  const found = new Set([ENTRY])
  for (const name of found)
    for (const { kind, path } of outputs[name]?.imports ?? [])
      if (kind === 'import-statement') found.add(path)
  return found
}
