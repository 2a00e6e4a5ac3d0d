import { assetPath } from '../assets/serve-asset.ts'
import type { DashboardUser } from '../access/dashboard-user.ts'
import type { DashboardServices } from '../dashboard-services.ts'
import type { Page } from '../http/call.ts'
import { html, nothing, type Html } from './html.ts'
import { sectionsOf } from './sections.ts'
import { shownText } from './shown-text.ts'
import type { View } from './view.ts'

/** What stands around a page. */
export interface FrameOptions {
  readonly view: View
  readonly title: string
  readonly services: DashboardServices
  readonly user: Required<DashboardUser>
  readonly tenant: string
  readonly formToken: string
  /** What was done just now. */
  readonly notice: string | null
  /** The page's own path and query: what its live parts are asked for with. */
  readonly path: string
}

/** A page in its frame: navigation, whom it is for, what was done. */
export function framePage(page: Page, options: FrameOptions): Html {
  const { view, title, services, user, tenant, formToken, notice, path } = options
  const { basePath } = view
  const sections = sectionsOf(services, user.role)
  return shell(
    { title: `${page.title} · ${title}`, view, follow: path },
    html`<a class="skip" href="#main">Skip to content</a>
      <header class="top">
        <a class="brand" href="${basePath === '' ? '/' : basePath}">${mark}<span>${title}</span></a>
        <nav class="sections" aria-label="Sections">
          ${sections.map(
            ({ name, path: to, label }) =>
              html`<a
                href="${basePath}${to}"
                ${name === page.section ? html` aria-current="page"` : nothing}
                >${label}</a
              >`,
          )}
        </nav>
        <div class="who">
          <a class="zone" href="${basePath}/settings#view" title="Change the time zone"
            >${view.zone}</a
          >
          <details class="menu">
            <summary><span class="id">${shownText(user.id, 40)}</span></summary>
            <div class="menu-body">
              <p><b>${user.role}</b><br />tenant ${shownText(tenant, 64)}</p>
              <a href="${basePath}/settings">Settings</a>
              <form method="post" action="${basePath}/sign-out">
                <input type="hidden" name="token" value="${formToken}" /><button
                  class="button quiet"
                >
                  Sign out
                </button>
              </form>
            </div>
          </details>
        </div>
      </header>
      <main id="main" tabindex="-1" data-token="${formToken}">
        ${notice === null ? nothing : html`<p class="notice" role="status">${notice}</p>`}
        <h1>${page.title}</h1>
        ${page.body}
      </main>`,
  )
}

/** A page without navigation: signing in, and what could not be shown. */
export function plainPage(page: {
  readonly title: string
  readonly body: Html
  readonly view: View
  readonly product: string
}): Html {
  const { title, body, view, product } = page
  return shell(
    { title: `${title} · ${product}`, view },
    html`<main class="alone" id="main">
      <p class="brand">${mark}<span>${product}</span></p>
      <h1>${title}</h1>
      ${body}
    </main>`,
  )
}

/** A cross in a circle, drawn with the text's colour. */
const mark: Html = html`<svg
  class="mark"
  viewBox="0 0 24 24"
  width="24"
  height="24"
  aria-hidden="true"
  focusable="false"
>
  <rect width="24" height="24" rx="6" />
  <path d="M12 6v12M6 12h12" />
</svg>`

function shell(
  options: { readonly title: string; readonly view: View; readonly follow?: string },
  body: Html,
): Html {
  const { title, view, follow } = options
  return html`<!doctype html>
    <html lang="en" data-theme="${view.theme}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="${view.theme === 'auto' ? 'light dark' : view.theme}" />
        <meta name="robots" content="noindex" />
        <title>${title}</title>
        <link rel="icon" href="${view.basePath}${assetPath('icon')}" type="image/svg+xml" />
        <link rel="stylesheet" href="${view.basePath}${assetPath('style')}" />
        <script src="${view.basePath}${assetPath('script')}" defer></script>
      </head>
      <body
        data-base="${view.basePath}"
        ${follow === undefined ? nothing : html` data-follow="${follow}"`}
      >
        ${body}
      </body>
    </html> `
}
