/** The part of LiquidJS that is used. */
export interface LiquidLibrary {
  new (options: {
    readonly outputEscape?: 'escape'
    readonly strictVariables: boolean
    readonly strictFilters: boolean
    readonly ownPropertyOnly: boolean
    readonly lenientIf: boolean
    readonly parseLimit: number
    readonly memoryLimit: number
    readonly fs: object
    readonly extname: string
    readonly root: string
    readonly relativeReference: boolean
  }): LiquidEngine
}

/** One engine with its options. */
export interface LiquidEngine {
  readonly parser: { parseToken(token: { readonly kind: number }, rest: unknown): LiquidPiece }
  parse(source: string): LiquidPiece[]
  renderSync(templates: LiquidPiece[], data: object): unknown
  registerFilter(name: string, filter: (value: unknown, ...more: unknown[]) => unknown): void
}

/** A piece of a template: text, an output, a tag. */
export interface LiquidPiece {
  render(context: unknown, emitter: unknown): Generator<unknown, unknown, unknown>
}
