import * as z from 'zod/mini'
import { lazily } from '../http/lazily.ts'

/**
 * Gives a schema a name in the document, where it then stands once.
 *
 * @param extra JSON Schema that zod cannot say by itself
 */
export function named<Schema extends z.ZodMiniType>(
  id: string,
  schema: Schema,
  extra: Readonly<Record<string, unknown>> = {},
): Schema {
  z.globalRegistry.add(schema, { id, ...extra })
  return schema
}

/** Says in JSON Schema what zod cannot. */
export function described<Schema extends z.ZodMiniType>(
  schema: Schema,
  extra: Readonly<Record<string, unknown>>,
): Schema {
  z.globalRegistry.add(schema, extra)
  return schema
}

/** Any JSON, handed on as it is. */
export const AnyJson = lazily(() => z.unknown())

/** An object of any members: a record would drop one named `__proto__` without a word. */
export function plainObject<Value = Readonly<Record<string, unknown>>>(): z.ZodMiniType<
  Value,
  Value
> {
  return described(
    z.custom<Value>(
      (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
      'an object expected',
    ),
    { type: 'object' },
  )
}

const documented = new WeakMap<z.ZodMiniType, z.ZodMiniType>()

/**
 * An object whose service checks it member by member, and says more about what is wrong than a schema
 * could; `shape` is what the document says of it.
 */
export function judgedByService(
  shape: z.ZodMiniType,
): z.ZodMiniType<Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>> {
  const schema = plainObject()
  documented.set(schema, shape)
  return schema
}

/** What the document says of a schema: itself, unless a service judges it. */
export function shapeOf(schema: z.ZodMiniType): z.ZodMiniType {
  return documented.get(schema) ?? schema
}

/** A text whose content the service judges; only its length is bounded here. */
export function text(most = 1000): z.ZodMiniString {
  return z.string().check(z.maxLength(most))
}

/** A whole number in a query, in plain digits. */
function digits(least: number, most: number): z.ZodMiniType<number, string> {
  const message = `${least} to ${most} expected`
  return described(
    z.pipe(
      z.pipe(z.string().check(z.regex(/^\d{1,16}$/, message)), z.transform(Number)),
      z.number().check(z.gte(least, message), z.lte(most, message)),
    ),
    { type: 'integer', minimum: least, maximum: most },
  )
}

/** How many entries of a page are wanted. */
export const Limit = lazily(() => digits(1, 1000))

/** How many are counted at most. */
export const MostText = lazily(() => digits(1, 100_000))

/** An instant in a query: ms since 1970. */
export const InstantText = lazily(() => digits(0, 999_999_999_999_999))

const Cursor = lazily(() => text(2000))

/** The cursor of a list whose entries are numbered: the number of the last one that was shown. */
export const SequenceCursor = lazily(() =>
  z.string().check(z.regex(/^\d{1,12}$/, 'the cursor that the page before has answered expected')),
)

/** ms since 1970. */
export const Instant = lazily(() => described(z.number(), { description: 'ms since 1970' }))

/** A length of time: whole ms, or a number with its unit. */
export const Duration = lazily(() =>
  described(z.union([z.number(), text(40)]), {
    description: 'ms, or a number with its unit: 30s, 5m, 2h, 1d',
  }),
)

/** The cursor of a page: `null` on the last one. */
export const NextCursor = lazily(() =>
  described(z.nullable(z.string()), {
    description: 'Give it as `cursor` for the next page; null on the last one',
  }),
)

/** What asks for a page. */
export const pageQuery = lazily(() => ({
  limit: z.optional(Limit()),
  cursor: z.optional(Cursor()),
}))

/** RFC 9457. */
export const Problem = lazily(() =>
  named(
    'Problem',
    z.looseObject({
      type: z.string(),
      title: z.string(),
      status: z.number(),
      code: z.string(),
      detail: z.string(),
      requestId: z.optional(z.string()),
    }),
  ),
)

type Defined<T> = { [Key in keyof T as undefined extends T[Key] ? never : Key]: T[Key] } & {
  [Key in keyof T as undefined extends T[Key] ? Key : never]?: Exclude<T[Key], undefined>
}

/** zod says `undefined` where the services' options say absent. */
export function withoutUndefined<T extends object>(given: T): Defined<T> {
  // Exactly the properties that are not undefined are left.
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as Defined<T>
}
