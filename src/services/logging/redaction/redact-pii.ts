import { createRedactor } from './create-redactor.ts'
import type { Redactor } from './redactor.ts'
import type { RedactorOptions } from './redactor-options.ts'

/**
 * What a value is without its secrets and personal data: the same shape, with texts where values
 * were hidden.
 */
export type Redacted<Value> = Value extends string
  ? string
  : Value extends number | bigint
    ? Value | string
    : Value extends boolean | null | undefined
      ? Value
      : Value extends readonly (infer Item)[]
        ? Redacted<Item>[]
        : unknown extends Value
          ? unknown
          : Value extends Date | URL | RegExp
            ? string
            : Value extends ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | Error
              ? unknown
              : { [Name in keyof Value]: Redacted<Value[Name]> }

/**
 * Redacts at once: a text in, a text out; a value in, a copy as plain data out. It never throws
 * over a value and never changes one.
 *
 * @throws TypeError when an option is of another kind or name
 * @throws RangeError when a limit is out of range
 * @example
 * ```ts
 * redactPII('reach me at a@b.example') // 'reach me at [EMAIL]'
 * redactPII({ password: 'hunter2', total: 42 }) // { password: '[REDACTED]', total: 42 }
 * ```
 */
export function redactPII<Value>(value: Value, options?: RedactorOptions): Redacted<Value> {
  const redactor = options === undefined ? (standard ??= createRedactor()) : createRedactor(options)
  // The copy has the value's shape; texts stand where it had what is hidden.
  return redactor.object(value) as Redacted<Value>
}

/** Made once it is needed. */
let standard: Redactor | undefined
