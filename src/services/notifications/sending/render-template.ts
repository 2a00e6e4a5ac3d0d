import type { NotificationTemplate } from '../templates/template.ts'
import type { RenderedTemplate, Templates } from '../templates/templates.ts'
import { NotificationError } from '../notification-error.ts'
import { checkOptions } from '../../../primitives/check-options.ts'
import type { RenderOptions } from './notifications.ts'

/** Renders a template, the template of a name, or a text that is one itself. */
export async function renderTemplate(
  templates: Templates,
  template: string | NotificationTemplate,
  data: unknown,
  options: RenderOptions = {},
): Promise<string | RenderedTemplate> {
  checkOptions('render template', options, [], ['locale', 'format'])
  const { locale = null, format = 'html' } = options
  if (typeof template === 'string' && /\{\{|\{%/.test(template))
    return templates.renderText(template, data, format)
  if (typeof template !== 'string' && typeof template !== 'object')
    throw new NotificationError(
      'invalid_request',
      'Cannot render template: it is neither a template, a name nor a text',
    )
  return templates.render(templates.find(template), data, { locale })
}
