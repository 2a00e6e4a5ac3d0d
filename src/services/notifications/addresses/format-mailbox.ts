import type { Mailbox } from './mailbox.ts'

/**
 * Writes a mailbox as vendors take it in one text: a name that holds more than plain words is
 * quoted.
 */
export function formatMailbox({ email, name }: Mailbox): string {
  return name === undefined ? email : `${formatName(name)} <${email}>`
}

/**
 * @returns `name` as it stands before an address, its quotes and backslashes escaped where it needs
 * quoting
 */
export function formatName(name: string): string {
  return /^[\w!#$%&'*+/=?^`{|}~-]+(?: [\w!#$%&'*+/=?^`{|}~-]+)*$/.test(name)
    ? name
    : `"${name.replaceAll(/["\\]/g, '\\$&')}"`
}
