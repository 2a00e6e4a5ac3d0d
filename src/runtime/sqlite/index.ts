export { sqlite } from './sqlite.ts'
export type { SqliteBackend, SqliteOptions } from './sqlite.ts'
export type { NativeDatabase } from './native-database.ts'
