import * as api from '../../contract/operations.ts'
import type { Operation } from '../../http/operation.ts'
import { route, type Route } from '../../http/route.ts'

/** What the document of the API is made of. */
export interface DocumentOptions {
  /** Every operation that is served, these two aside. */
  readonly operations: () => readonly Operation[]
}

/** `/openapi.json` and its page; both are made at their first request, and kept. */
export function documentRoutes({ operations }: DocumentOptions): readonly Route[] {
  let document: Promise<string> | undefined
  let page: Promise<{ readonly html: string; readonly policy: string }> | undefined

  async function makeDocument(): Promise<string> {
    const { openApiDocument } = await import('../../reference/openapi.ts')
    return JSON.stringify(openApiDocument(operations()))
  }

  return [
    route(api.openApi, async ({ c }) =>
      c.body(await (document ??= makeDocument()), 200, {
        'content-type': 'application/json',
        'cache-control': 'public, max-age=60',
        // It says the same to everybody, and tools on other origins read it.
        'access-control-allow-origin': '*',
      }),
    ),
    route(api.reference, async ({ c }) => {
      page ??= import('../../reference/reference-page.ts').then(({ referencePage }) =>
        referencePage(operations()),
      )
      const { html, policy } = await page
      return c.body(html, 200, {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'public, max-age=60',
        'content-security-policy': policy,
      })
    }),
  ]
}
