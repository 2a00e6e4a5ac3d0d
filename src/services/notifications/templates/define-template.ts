import { checkOptions } from '../../../primitives/check-options.ts'
import { CHANNELS } from '../channels/channel.ts'
import { checkCategory } from '../suppression/check-category.ts'
import type { NotificationTemplate, TemplateContent, TemplateDefinition } from './template.ts'

const NAME = /^[A-Za-z0-9](?:[\w.:-]{0,126}[A-Za-z0-9])?$/
const LOCALE = /^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}$/

/**
 * Defines a kind of message: what it needs to know, and what it says on each channel.
 *
 * @param name 1 to 128 letters, digits, `_`, `.`, `:` and `-`
 *
 * @example
 * const shipped = defineTemplate('order.shipped', {
 *   schema: z.object({ name: z.string(), url: z.url() }),
 *   category: 'orders',
 *   email: {
 *     subject: 'Your order, {{ name }}',
 *     html: '<p><a href="{{ url }}">Follow it</a></p>',
 *   },
 *   sms: 'Shipped: {{ url }}',
 *   locales: { pl: { email: { subject: 'Twoje zamówienie, {{ name }}' } } },
 * })
 *
 * @throws TypeError when the definition is malformed
 */
export function defineTemplate<
  const Name extends string,
  Input = Record<string, unknown>,
  Data = Input,
>(name: Name, definition: TemplateDefinition<Input, Data>): NotificationTemplate<Name, Input> {
  if (typeof name !== 'string' || !NAME.test(name))
    throw new TypeError(
      'Cannot define template: its name is not 1 to 128 letters, digits, _, ., : and -',
    )
  const action = `define template ${JSON.stringify(name)}`
  checkOptions(
    action,
    definition,
    [],
    [
      'schema',
      'category',
      'critical',
      'trackOpens',
      'trackClicks',
      'locales',
      'missing',
      ...CHANNELS,
    ],
  )
  const { category, locales = {} } = definition
  if (category !== undefined) checkCategory(category)
  checkContent(action, definition)
  for (const [locale, content] of Object.entries(locales)) {
    if (!LOCALE.test(locale))
      throw new TypeError(`Cannot ${action}: locales has a name that is no locale, as pl or pt-BR`)
    checkOptions(`${action} in ${locale}`, content, [], CHANNELS)
    checkContent(`${action} in ${locale}`, content)
  }
  if (CHANNELS.every((channel) => definition[channel] === undefined))
    throw new TypeError(`Cannot ${action}: it says nothing, ${CHANNELS.join(', ')} expected`)
  // Data is checked by its schema before anything of the definition sees it.
  return { name, definition: definition as unknown as TemplateDefinition<never, never> }
}

function checkContent(action: string, content: TemplateContent<never>): void {
  const { email, sms, push, chat, inbox } = content
  if (email !== undefined) {
    checkOptions(
      `${action}, email`,
      email,
      [],
      ['subject', 'html', 'text', 'preheader', 'from', 'replyTo'],
    )
    const { from: _from, replyTo: _replyTo, ...texts } = email
    checkTexts(`${action}, email`, texts)
  }
  if (sms !== undefined) checkTexts(action, { sms })
  if (push !== undefined) {
    checkOptions(`${action}, push`, push, [], ['title', 'body', 'url', 'image', 'payload'])
    const { payload = {}, ...texts } = push
    checkTexts(`${action}, push`, texts)
    checkTexts(`${action}, push.payload`, payload)
  }
  if (chat !== undefined) {
    checkOptions(`${action}, chat`, chat, ['text'], ['title', 'url'])
    checkTexts(`${action}, chat`, chat)
  }
  if (inbox !== undefined) {
    checkOptions(`${action}, inbox`, inbox, ['title'], ['body', 'url'])
    checkTexts(`${action}, inbox`, inbox)
  }
}

function checkTexts(action: string, texts: object): void {
  const entries: readonly (readonly [string, unknown])[] = Object.entries(texts)
  for (const [field, text] of entries)
    if (text !== undefined && typeof text !== 'string' && typeof text !== 'function')
      throw new TypeError(`Cannot ${action}: ${field} is neither a text nor a function`)
}
