import { lineFault } from '../addresses/check-line.ts'
import { NotificationError } from '../notification-error.ts'

/** Those that the message, its transport or its signer writes. */
const RESERVED =
  /^(?:from|sender|to|cc|bcc|reply-to|subject|date|message-id|mime-version|received|return-path|content-.*|dkim-.*|domainkey-.*|arc-.*|authentication-results|resent-.*)$/i

const NAME = /^[A-Za-z0-9-]{1,76}$/
const MOST_HEADERS = 50
const MOST_VALUE_CHARACTERS = 4000

/**
 * Checks headers that a sender adds.
 *
 * @throws NotificationError `invalid_request`
 */
export function checkHeaders(input: unknown): Readonly<Record<string, string>> {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw refusal('headers', 'is no object of texts')
  const entries: readonly (readonly [string, unknown])[] = Object.entries(input)
  if (entries.length > MOST_HEADERS)
    throw refusal('headers', `has ${entries.length} entries, at most ${MOST_HEADERS} allowed`)
  const names = new Set<string>()
  const checked = entries.map(([name, value]): [string, string] => {
    if (!NAME.test(name))
      throw refusal('headers', 'has a name that is not made of letters, digits and -')
    if (RESERVED.test(name))
      throw refusal(`headers[${name}]`, 'cannot be set: the message has it by itself')
    if (names.has(name.toLowerCase())) throw refusal(`headers[${name}]`, 'stands there twice')
    names.add(name.toLowerCase())
    const fault = lineFault(value, MOST_VALUE_CHARACTERS)
    if (typeof value !== 'string' || fault !== null)
      throw refusal(`headers[${name}]`, fault ?? 'is no text')
    return [name, value]
  })
  return Object.fromEntries(checked)
}

function refusal(field: string, fault: string): NotificationError {
  return new NotificationError('invalid_request', `Cannot send e-mail: ${field} ${fault}`)
}
