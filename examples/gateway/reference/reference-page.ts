import type { Operation } from '../http/operation.ts'
import { openApiDocument, type OpenApiOperation } from './openapi.ts'

const STYLE = `
:root{color-scheme:light dark;--line:#8884;--soft:#8881}
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:64rem;padding:1rem}
h2{border-bottom:1px solid var(--line);margin-top:2.5rem;text-transform:capitalize}
details{border:1px solid var(--line);border-radius:6px;margin:.4rem 0}
summary{cursor:pointer;padding:.45rem .7rem}
summary b{display:inline-block;min-width:4.2rem}
code,pre{font:13px/1.45 ui-monospace,monospace}
code{overflow-wrap:anywhere}
pre{background:var(--soft);overflow:auto;padding:.6rem;border-radius:4px;max-height:24rem}
.in{padding:0 .9rem .6rem}
.tag{background:var(--soft);border-radius:4px;padding:.05rem .4rem;font-size:12px;white-space:nowrap}
table{border-collapse:collapse;width:100%}
td{border-top:1px solid var(--line);padding:.25rem .5rem;vertical-align:top}
td:first-child code{overflow-wrap:normal}
nav a{margin-right:.8rem}
`

/** A page without a script, with a policy that lets it load nothing. */
export interface ReferencePage {
  readonly html: string
  readonly policy: string
}

/** Writes the reference of these operations as one page that needs nothing else. */
export async function referencePage(operations: readonly Operation[]): Promise<ReferencePage> {
  const document = openApiDocument(operations)
  const entries = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const byTag = Map.groupBy(entries, ({ operation }) => String(tagsOf(operation)[0]))
  const sections = [...byTag].map(
    ([tag, of]) => `<h2 id="${text(tag)}">${text(tag)}</h2>\n${of.map(written).join('\n')}`,
  )
  const schemas = Object.entries(document.components.schemas).map(
    ([name, schema]) =>
      `<details id="schema-${text(name)}"><summary><code>${text(name)}</code></summary>` +
      `<div class="in">${json(schema)}</div></details>`,
  )
  const tags = [...byTag.keys(), 'schemas']
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Gateway reference</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>${STYLE}</style></head><body>
<h1>Gateway reference</h1>
<p>${prose(String(document.info['description']))} Send <code>Authorization: Bearer &lt;key&gt;</code>.
As a document: <a href="/openapi.json">openapi.json</a>.</p>
<nav>${tags.map((tag) => `<a href="#${text(tag)}">${text(tag)}</a>`).join(' ')}</nav>
${sections.join('\n')}
<h2 id="schemas">Schemas</h2>
${schemas.join('\n')}
</body></html>
`
  return {
    html,
    policy:
      `default-src 'none'; style-src 'sha256-${await sha256(STYLE)}'; base-uri 'none'; ` +
      `form-action 'none'; frame-ancestors 'none'`,
  }
}

function written({
  path,
  method,
  operation,
}: {
  readonly path: string
  readonly method: string
  readonly operation: OpenApiOperation
}): string {
  const { operationId, summary, parameters = [], requestBody, responses } = operation
  const scope = operation['x-scope']
  const badges = [
    typeof scope === 'string' ? scope : 'no key',
    ...(operation['x-portal'] === true ? ['portal'] : []),
    ...(operation['x-tenant'] === 'operator' ? ['operators'] : []),
  ]
  const rows = parameters.map(
    ({ name, in: where, required, schema, description = '' }) =>
      `<tr><td><code>${text(String(name))}</code></td><td>${text(String(where))}` +
      `${required === true ? ', required' : ''}</td><td><code>${text(JSON.stringify(schema))}</code> ` +
      `${text(String(description))}</td></tr>`,
  )
  const answers = Object.entries(responses).filter(([, answer]) => !isRefusal(answer))
  return (
    `<details id="${text(operationId)}"><summary><b>${method.toUpperCase()}</b> ` +
    `<code>${text(path)}</code> ${badges.map((one) => `<span class="tag">${text(one)}</span>`).join(' ')}` +
    `<br>${text(summary)}</summary><div class="in">` +
    (rows.length > 0 ? `<table>${rows.join('')}</table>` : '') +
    (requestBody === undefined ? '' : `<h4>Body</h4>${json(contentOf(requestBody))}`) +
    answers
      .map(([status, answer]) => `<h4>${text(status)}</h4>${json(contentOf(answer))}`)
      .join('') +
    '</div></details>'
  )
}

function tagsOf(operation: OpenApiOperation): readonly unknown[] {
  return Array.isArray(operation['tags']) ? (operation['tags'] as readonly unknown[]) : []
}

function isRefusal(answer: unknown): boolean {
  return JSON.stringify(answer).includes('application/problem+json')
}

/** The schema of the only type of content; `null` where there is none. */
function contentOf(holder: unknown): unknown {
  if (typeof holder !== 'object' || holder === null || !('content' in holder)) return null
  const { content } = holder
  if (typeof content !== 'object' || content === null) return null
  const [first] = Object.entries(content) as [string, unknown][]
  if (first === undefined) return null
  const [type, of] = first
  return typeof of === 'object' && of !== null && 'schema' in of ? of.schema : type
}

function json(value: unknown): string {
  if (value === null) return '<p>Nothing</p>'
  const shown = text(JSON.stringify(value, null, 2))
  return `<pre>${shown.replaceAll(
    /#\/components\/schemas\/(\w+)/g,
    (_whole, name: string) => `<a href="#schema-${name}">${name}</a>`,
  )}</pre>`
}

/** Text with code between backticks. */
function prose(raw: string): string {
  return text(raw).replaceAll(/`([^`]+)`/g, '<code>$1</code>')
}

function text(raw: string): string {
  return raw
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

async function sha256(style: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style))
  return btoa(String.fromCharCode(...new Uint8Array(digest)))
}
