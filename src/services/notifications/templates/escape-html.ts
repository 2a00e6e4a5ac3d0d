const MARKS: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
}

/** Writes text so that HTML shows it as it is, between tags and inside quotes. */
export function escapeHtml(text: string): string {
  return /[&<>"']/.test(text) ? text.replaceAll(/[&<>"']/g, (mark) => MARKS[mark] ?? '') : text
}

/** What a link or an image in a mail may lead to. */
const SAFE_URL = /^(?:https?:|mailto:|tel:|sms:|cid:|data:image\/(?:png|gif|jpeg|webp);|[/#?])/i

/** @returns The URL, or `#` where it would run a program or lead to none that a mail has */
export function safeUrl(value: unknown): string {
  const text = textOf(value).trim()
  return SAFE_URL.test(text) ? text : '#'
}

/** @returns A value of a style, or nothing where it could begin another or load something */
export function safeStyle(value: unknown): string {
  const text = textOf(value)
  return /^[\w\s#%.,()+-]*$/.test(text) && !/(?:url|expression|image)\s*\(/i.test(text) ? text : ''
}

/** What engines hand to filters: texts, numbers, and whatever else there is, which is no URL. */
function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
