/**
 * A record as the store or a job carries it. An interface does not count as JSON, for it could be
 * extended; its mapped twin does.
 */
export type JsonOf<Record> = { readonly [Key in keyof Record]: Record[Key] }
