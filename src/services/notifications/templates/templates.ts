import { describeIssues } from '../../../primitives/standard-schema.ts'
import type { MailboxInput } from '../addresses/mailbox.ts'
import { NotificationError } from '../notification-error.ts'
import { escapeHtml } from './escape-html.ts'
import { plainEngine } from './plain-engine.ts'
import type { TemplateEngine } from './template-engine.ts'
import type {
  NotificationTemplate,
  TemplateContent,
  TemplateContext,
  TemplateDefinition,
  TemplateText,
} from './template.ts'
import { textFromHtml } from './text-alternative.ts'

/** What a template says about some data. */
export interface RenderedTemplate {
  readonly template: string
  readonly locale: string | null
  readonly subject?: string
  readonly html?: string
  readonly text?: string
  readonly from?: MailboxInput
  readonly replyTo?: MailboxInput
  readonly sms?: string
  readonly push?: {
    readonly title?: string
    readonly body?: string
    readonly url?: string
    readonly image?: string
    readonly payload?: Readonly<Record<string, string>>
  }
  readonly chat?: { readonly text: string; readonly title?: string; readonly url?: string }
  readonly inbox?: { readonly title: string; readonly body?: string; readonly url?: string }
}

/** Templates by their names. */
export type TemplateRegistry =
  | readonly NotificationTemplate[]
  | Readonly<Record<string, NotificationTemplate>>

/** Knows templates and renders them. */
export interface Templates {
  /** @throws NotificationError `template_not_found` */
  find(template: string | NotificationTemplate): NotificationTemplate
  /**
   * Renders every channel of a template, or only some.
   *
   * @throws NotificationError `invalid_data` or `invalid_template`
   */
  render(
    template: NotificationTemplate,
    data: unknown,
    options?: { readonly locale?: string | null; readonly only?: keyof TemplateContent },
  ): Promise<RenderedTemplate>
  /** Renders a text that is a template itself. */
  renderText(source: string, data: unknown, format: 'html' | 'text'): Promise<string>
}

const MOST_OUTPUT_CHARACTERS = 5_000_000

/** @throws TypeError when two templates have one name */
export function createTemplates(
  registry: TemplateRegistry,
  engine: TemplateEngine = plainEngine,
): Templates {
  const known = readRegistry(registry)

  async function renderField(
    text: TemplateText<never>,
    data: object,
    context: TemplateContext,
    format: 'html' | 'text',
    missing: 'error' | 'empty' = 'error',
  ): Promise<string> {
    const rendered =
      typeof text === 'string'
        ? await engine.compile(text, { format, missing }).render(data)
        : // Its data was checked by the template's schema.
          String(await text(data as never, context))
    if (rendered.length <= MOST_OUTPUT_CHARACTERS) return rendered
    throw new NotificationError(
      'invalid_data',
      `Cannot render template: it has ${rendered.length} characters, at most ${MOST_OUTPUT_CHARACTERS} allowed`,
    )
  }

  return {
    find(template) {
      if (typeof template === 'object') return template
      const found = known.get(template)
      if (found !== undefined) return found
      throw new NotificationError(
        'template_not_found',
        `Cannot find template ${JSON.stringify(String(template).slice(0, 128))}: createNotifications({ templates }) has ${[...known.keys()].slice(0, 20).join(', ') || 'none'}`,
      )
    },
    async render({ name, definition }, given, { locale = null, only } = {}) {
      const data = await checkData(name, definition, given)
      const { content, locale: found } = contentFor(definition, locale)
      const context = { locale: found }
      const show = (
        text: TemplateText<never> | undefined,
        format: 'html' | 'text' = 'text',
      ): Promise<string> | undefined =>
        text === undefined
          ? undefined
          : renderField(text, data, context, format, definition.missing)
      const shown = async (
        texts: Readonly<Record<string, TemplateText<never> | undefined>>,
      ): Promise<Record<string, string>> =>
        Object.fromEntries(
          await Promise.all(
            Object.entries(texts).flatMap(([field, text]) =>
              text === undefined
                ? []
                : [(async (): Promise<[string, string]> => [field, (await show(text)) ?? ''])()],
            ),
          ),
        )
      const wants = (channel: keyof TemplateContent): boolean =>
        content[channel] !== undefined && (only === undefined || only === channel)
      const { email, sms, push, chat, inbox } = content
      const { payload, ...pushTexts } = push ?? {}
      return {
        template: name,
        locale: found,
        ...(email !== undefined && wants('email') && (await renderEmail(email, show))),
        ...(sms !== undefined && wants('sms') && { sms: (await show(sms)) ?? '' }),
        ...(wants('push') && {
          push: {
            ...(await shown(pushTexts)),
            ...(payload !== undefined && { payload: await shown(payload) }),
          },
        }),
        // What has to be there was checked when the template was defined.
        ...(chat !== undefined &&
          wants('chat') && { chat: { text: '', ...(await shown({ ...chat })) } }),
        ...(inbox !== undefined &&
          wants('inbox') && { inbox: { title: '', ...(await shown({ ...inbox })) } }),
      }
    },
    renderText: async (source, data, format) =>
      renderField(source, objectOf(data), { locale: null }, format),
  }
}

async function renderEmail(
  email: NonNullable<TemplateContent['email']>,
  show: (
    text: TemplateText<never> | undefined,
    format?: 'html' | 'text',
  ) => Promise<string> | undefined,
): Promise<Omit<RenderedTemplate, 'template' | 'locale'>> {
  const { subject, html, text, preheader, from, replyTo } = email
  const body = await show(html, 'html')
  const hidden = await show(preheader)
  return {
    ...(subject !== undefined && { subject: oneLine((await show(subject)) ?? '') }),
    ...(body !== undefined && { html: hidden === undefined ? body : withPreheader(body, hidden) }),
    ...(text !== undefined
      ? { text: (await show(text)) ?? '' }
      : body !== undefined && { text: textFromHtml(body) }),
    ...(from !== undefined && { from }),
    ...(replyTo !== undefined && { replyTo }),
  }
}

/** A value with line breaks must not end a header. */
function oneLine(text: string): string {
  return text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim()
}

const MOST_PREHEADER = 150

/**
 * Hides it right behind the body's start, where lists of mails look. No filler follows, which
 * clients choke on.
 */
function withPreheader(html: string, preheader: string): string {
  const text = escapeHtml(oneLine(preheader).slice(0, MOST_PREHEADER).toWellFormed())
  const hidden = `<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">${text}</div>`
  const body = /<body\b(?:[^<>"']|"[^"]*"|'[^']*')*>/i.exec(html)
  if (body === null) return hidden + html
  const at = body.index + body[0].length
  return html.slice(0, at) + hidden + html.slice(at)
}

/**
 * The content of the nearest locale: `pt-BR`, then `pt`, then the one without; each field by
 * itself.
 */
function contentFor(
  definition: TemplateDefinition<never, never>,
  locale: string | null,
): { readonly content: TemplateContent<never>; readonly locale: string | null } {
  const { locales = {} } = definition
  const names = Object.keys(locales)
  const wanted = locale?.split('-') ?? []
  const chain = wanted
    .map((_, index) =>
      wanted
        .slice(0, wanted.length - index)
        .join('-')
        .toLowerCase(),
    )
    .flatMap((name) => names.find((known) => known.toLowerCase() === name) ?? [])
  const [nearest] = chain
  if (nearest === undefined) return { content: definition, locale: null }
  let content: TemplateContent<never> = definition
  for (const name of chain.toReversed()) content = merged(content, locales[name] ?? {})
  return { content, locale: nearest }
}

function merged(
  base: TemplateContent<never>,
  over: TemplateContent<never>,
): TemplateContent<never> {
  const { email, push, chat, inbox, sms } = over
  return {
    ...base,
    // A text that was made for another language's HTML must not go with this one's.
    ...(email !== undefined && {
      email: { ...without(base.email, email.html === undefined ? [] : ['text']), ...email },
    }),
    ...(push !== undefined && { push: { ...base.push, ...push } }),
    ...(chat !== undefined && { chat: { ...base.chat, ...chat } }),
    ...(inbox !== undefined && { inbox: { ...base.inbox, ...inbox } }),
    ...(sms !== undefined && { sms }),
  }
}

function without(value: object = {}, keys: readonly string[]): object {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)))
}

async function checkData(
  name: string,
  { schema }: TemplateDefinition<never, never>,
  data: unknown,
): Promise<object> {
  if (schema === undefined) return objectOf(data)
  const checked = await schema['~standard'].validate(data)
  if (checked.issues === undefined) return objectOf(checked.value)
  throw new NotificationError(
    'invalid_data',
    `Cannot render template ${JSON.stringify(name)}: ${describeIssues('data', checked.issues)}`,
  )
}

function objectOf(data: unknown): object {
  if (data === undefined) return {}
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) return data
  throw new NotificationError('invalid_data', 'Cannot render template: the data is no object')
}

function readRegistry(registry: TemplateRegistry): ReadonlyMap<string, NotificationTemplate> {
  const known = new Map<string, NotificationTemplate>()
  for (const [key, template] of Object.entries(registry)) {
    const given: Partial<NotificationTemplate> | undefined = template
    if (typeof given?.name !== 'string' || given.definition === undefined)
      throw new TypeError(
        'Cannot create notifications: templates has an entry that is no template, defineTemplate(name, {…}) expected',
      )
    if (!Array.isArray(registry) && key !== template.name)
      throw new TypeError(
        `Cannot create notifications: templates has ${JSON.stringify(template.name)} under another name, ${JSON.stringify(key.slice(0, 128))}`,
      )
    if (known.has(template.name))
      throw new TypeError(
        `Cannot create notifications: two templates have the name ${JSON.stringify(template.name)}`,
      )
    known.set(template.name, template)
  }
  return known
}
