/**
 * The part of Standard Schema v1 (https://standardschema.dev) that validating needs; zod, valibot
 * and arktype fit it.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** What validating answers: the value in its output form, or what is wrong with it. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** One thing wrong with a value. */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** Names where each issue is, without the values: `data.to: Invalid email`. */
export function describeIssues(root: string, issues: readonly SchemaIssue[]): string {
  const shown = issues.slice(0, 5).map(({ path = [], message }) => {
    const steps = path.map((step) => String(typeof step === 'object' ? step.key : step))
    return `${[root, ...steps].join('.')}: ${message}`
  })
  return shown.join('; ') + (issues.length > 5 ? `; and ${issues.length - 5} more` : '')
}
