import { eventText } from '../event-field.ts'

/** What is signed of each type of message, in this order, where the message has it. */
const CONFIRMATION = [
  'Message',
  'MessageId',
  'SubscribeURL',
  'Timestamp',
  'Token',
  'TopicArn',
  'Type',
]
const SIGNED = new Map([
  ['Notification', ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']],
  ['SubscriptionConfirmation', CONFIRMATION],
  ['UnsubscribeConfirmation', CONFIRMATION],
])

/** @returns The text that SNS signs for a message, or `null` for one that it would not send */
export function signedText(message: unknown): string | null {
  const names = SIGNED.get(eventText(message, 'Type') ?? '')
  if (names === undefined) return null
  let text = ''
  for (const name of names) {
    const value = eventText(message, name)
    // With a line break in another field than the first, two messages could have one signed text.
    if (value?.includes('\n') === true && name !== 'Message') return null
    if (value !== null) text += `${name}\n${value}\n`
  }
  return text
}
