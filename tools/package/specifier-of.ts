import type { Door } from '../doors.ts'

/** @returns What a user writes to import from the door */
export function specifierOf({ subpath }: Pick<Door, 'subpath'>): string {
  return subpath.replace('.', '@white-cross/reuse')
}
