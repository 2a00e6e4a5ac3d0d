import { mayAct } from '../access/dashboard-user.ts'
import type { Call, Page } from '../http/call.ts'
import { MissingPageError } from '../http/missing-page-error.ts'
import { SECURITY_HEADERS } from '../http/headers.ts'
import type { Route } from '../http/route.ts'
import { formatBytes } from '../html/format.ts'
import { html, nothing, type Html } from '../html/html.ts'
import {
  actButton,
  ago,
  emptyState,
  facts,
  instant,
  pager,
  pathTo,
  queryOf,
  section,
  table,
} from '../html/parts.ts'
import { shownText } from '../html/shown-text.ts'
import { filesOf } from './files-of.ts'

const PAGE = 100
/** Bytes that a script sends at once: what is lost when a connection breaks. */
const PIECE_BYTES = 8 * 1024 * 1024
const PREVIEWED = /^image\/(?:png|jpeg|gif|webp|avif)$/
const MOST_PREVIEWED = 20_000_000

/** Files: folders, one file, what it holds. Keys stand in queries, since they may hold anything. */
export function fileRoutes(): readonly Route[] {
  return [
    { method: 'GET', path: '/storage', role: 'reader', handle: folderPage },
    { method: 'GET', path: '/storage/file', role: 'reader', handle: filePage },
    // Whoever may read a file's bytes may read what is about people.
    { method: 'GET', path: '/storage/download', role: 'operator', handle: download },
    { method: 'GET', path: '/storage/preview', role: 'operator', handle: preview },
    {
      ...{ method: 'POST', path: '/storage/delete', role: 'admin', act: 'files.delete' },
      target: (call) => `file/${call.field('key')}`,
      ask: (call) => ({
        title: 'Delete this file?',
        body: html`<p class="mono">${shownText(call.field('key'), 1024)}</p>
          <p>It cannot be undone, unless the bucket keeps versions.</p>`,
        ...{ button: 'Delete the file', destructive: true },
      }),
      done: () => 'The file is gone.',
      async handle(call) {
        const key = call.field('key')
        await filesOf(call).store.delete(key)
        return { to: `/storage${queryOf({ prefix: folderOf(key) })}` }
      },
    },
  ]
}

function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1)
}

async function folderPage(call: Call): Promise<Page> {
  const { store, uploads } = filesOf(call)
  const prefix = call.query('prefix')
  const cursor = call.query('cursor')
  const page = await store.page({
    ...{ delimiter: '/', limit: PAGE },
    ...(prefix !== '' && { prefix }),
    ...(cursor !== '' && { cursor }),
  })
  const here = pathTo(call.view, 'storage')
  return {
    ...{ title: 'Files', section: 'storage' },
    body: html`${crumbs(call, prefix, store.bucket)}
    ${uploads !== undefined && mayAct(call.user.role, 'operator') ? uploadForm(prefix) : nothing}
    ${call.live(
      'files',
      table({
        caption: 'Files',
        columns: [
          { name: 'Name', wide: true },
          { name: 'Size', numeric: true },
          { name: 'Changed' },
        ],
        rows: [
          ...page.prefixes.map((folder) => [
            html`<a href="${here}${queryOf({ prefix: folder })}"
              >${shownText(folder.slice(prefix.length), 120)}</a
            >`,
            html`<span class="hint">folder</span>`,
            html`<span class="hint">–</span>`,
          ]),
          ...page.blobs.map((one) => [
            html`<a href="${here}/file${queryOf({ key: one.key })}"
              >${shownText(one.key.slice(prefix.length), 120)}</a
            >`,
            formatBytes(one.size),
            ago(Number(one.lastModified), call.view),
          ]),
        ],
        empty: emptyState({
          title: 'There is no file here',
          text: 'Upload one above, or from your program.',
          code: `await store.put('reports/2026.pdf', file)`,
        }),
      }),
    )}
    ${pager(call, page.cursor)}`,
  }
}

function crumbs(call: Call, prefix: string, bucket: string): Html {
  const here = pathTo(call.view, 'storage')
  const parts = prefix.split('/').filter((part) => part !== '')
  return html`<nav class="crumbs" aria-label="Folders">
    <a href="${here}">${shownText(bucket, 80)}</a>${parts.map(
      (part, index) =>
        html` <span aria-hidden="true">/</span>
          <a href="${here}${queryOf({ prefix: `${parts.slice(0, index + 1).join('/')}/` })}"
            >${shownText(part, 80)}</a
          >`,
    )}
  </nav>`
}

function uploadForm(prefix: string): Html {
  return html`<form class="card" data-upload data-prefix="${prefix}" data-piece="${PIECE_BYTES}">
    <div class="filters">
      <label class="field whole"
        ><span>Upload a file here</span><input type="file" required
      /></label>
      <button class="button primary" hidden>Upload</button>
    </div>
    <noscript
      ><p class="hint">
        Uploading in pieces needs JavaScript. The API takes whole files without it.
      </p></noscript
    >
    <div data-progress hidden class="stack" role="status" aria-live="polite">
      <progress max="1" value="0" aria-label="Upload"></progress>
      <p data-words class="hint"></p>
    </div>
  </form>`
}

async function filePage(call: Call): Promise<Page> {
  const { store } = filesOf(call)
  const key = call.query('key')
  const file = key === '' ? null : await store.head(key)
  if (file === null) throw new MissingPageError('There is no such file.')
  const here = pathTo(call.view, 'storage')
  const isOperator = mayAct(call.user.role, 'operator')
  const { size, contentType, etag, metadata } = file
  const name = key.slice(key.lastIndexOf('/') + 1)
  return {
    ...{ title: shownText(name, 120), section: 'storage' },
    body: html`${crumbs(call, folderOf(key), store.bucket)}
      <div class="actions">
        ${isOperator ? html`<a class="button primary" href="${here}/download${queryOf({ key })}">Download</a>` : nothing}${
          mayAct(call.user.role, 'admin')
            ? actButton(call, {
                path: `${here}/delete`,
                label: 'Delete',
                tone: 'danger',
                fields: { key },
              })
            : nothing
        }
      </div>
      ${facts([
        ['Key', html`<span class="mono">${shownText(key, 1024)}</span>`],
        ['Size', formatBytes(size)],
        ['Type', shownText(contentType, 120)],
        ['Changed', instant(Number(file.lastModified), call.view)],
        ['ETag', html`<span class="mono">${shownText(etag, 80)}</span>`],
        ...Object.entries(metadata).map(
          ([field, value]) => [shownText(field, 80), shownText(value, 300)] as const,
        ),
      ])}
      ${
        isOperator && PREVIEWED.test(contentType) && size <= MOST_PREVIEWED
          ? section(
              'Preview',
              html`<img
                class="preview"
                src="${here}/preview${queryOf({ key })}"
                alt="${shownText(name, 120)}"
              />`,
            )
          : nothing
      }`,
  }
}

/** Bytes are only ever saved: nothing that somebody uploaded is a page of this origin. */
async function download(call: Call): Promise<Response> {
  const key = call.query('key')
  const content = key === '' ? null : await filesOf(call).store.get(key)
  if (content === null) throw new MissingPageError('There is no such file.')
  await call.record({ action: 'files.download', target: `file/${key}`, outcome: 'success' })
  const name = key.slice(key.lastIndexOf('/') + 1)
  return new Response(content.body, {
    headers: {
      ...SECURITY_HEADERS,
      'content-security-policy': "sandbox; default-src 'none'",
      'content-type': 'application/octet-stream',
      'content-length': String(content.size),
      'content-disposition': `attachment; filename*=UTF-8''${encodeRfc5987(name)}`,
    },
  })
}

/** An image, and nothing else: what only claims to be one runs nothing in `img`. */
async function preview(call: Call): Promise<Response> {
  const key = call.query('key')
  const content = key === '' ? null : await filesOf(call).store.get(key)
  if (content === null || !PREVIEWED.test(content.contentType))
    throw new MissingPageError('There is no such image.')
  return new Response(content.body, {
    headers: {
      ...SECURITY_HEADERS,
      'content-security-policy': "sandbox; default-src 'none'",
      'content-type': content.contentType,
    },
  })
}

function encodeRfc5987(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
