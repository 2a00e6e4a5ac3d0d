export { sqlite } from './sqlite.ts'
export type { SqliteBackend, SqliteOptions } from './sqlite.ts'
export type { NativeDatabase } from './database/native-database.ts'
