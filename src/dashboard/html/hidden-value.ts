import { utf8Length } from '../../primitives/utf8.ts'
import { formatBytes } from './format.ts'
import { html, type Html } from './html.ts'
import { codeBlock } from './parts.ts'
import { shownText } from './shown-text.ts'

const MOST_SHOWN = 65_536

/**
 * What a job or a message carries, which may be about people: only its size and the names in it,
 * until somebody asks, which goes on record.
 */
export function hiddenValue(value: unknown): Html {
  if (value === null || value === undefined) return html`<p class="hint">None.</p>`
  const text = textOf(value)
  const names =
    typeof value === 'object' && !Array.isArray(value)
      ? Object.keys(value)
          .slice(0, 20)
          .map((name) => shownText(name, 40))
      : []
  return html`<p class="veiled">
    <span
      >${formatBytes(utf8Length(text))}${names.length === 0 ? '' : ` in ${names.join(', ')}`}</span
    >
  </p>`
}

/** The value itself, as text, for whoever asked for it. */
export function shownValue(value: unknown, label: string): Html {
  return codeBlock(shownText(textOf(value), MOST_SHOWN), label)
}

function textOf(value: unknown): string {
  try {
    return JSON.stringify(value, null, 2) ?? 'undefined'
  } catch {
    return 'It cannot be written as JSON'
  }
}
