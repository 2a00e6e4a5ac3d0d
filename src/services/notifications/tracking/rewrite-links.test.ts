import { expect, test } from 'vitest'
import { rewriteLinks } from './rewrite-links.ts'

test.each([
  ['https://a.example/?a=1&amp;b=2', 'https://a.example/?a=1&b=2'],
  ['https:&#x2F;&#47;a.example/?x&#x3D;1', 'https://a.example/?x=1'],
  ['https://a.example/?q=&quot;&#34;&#X22;&#39;&lt;&gt;', `https://a.example/?q="""'<>`],
  ['https://a.example/&amp;lt;', 'https://a.example/&lt;'],
  ['https://a.example/?x=1&copy=2&ampere=3', 'https://a.example/?x=1&copy=2&ampere=3'],
  ['https://a.example/&#xd800;&#0;&#x110000;', 'https://a.example/&#xd800;&#0;&#x110000;'],
  [' HTTPS://a.example/$& ', 'HTTPS://a.example/$&'],
])('a counted link leads where %s leads', async (href, url) => {
  const clicked: string[] = []
  await rewriteLinks(`<p><a class="x" href="${href}">x</a></p>`, {
    isOurs: () => false,
    picture: null,
    click: async (to) => {
      clicked.push(to)
      return 'https://ours.example'
    },
  })
  expect(clicked).toEqual([url])
})
