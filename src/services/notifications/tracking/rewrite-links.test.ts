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
  ['https://a.example/ż?q=日', 'https://a.example/%C5%BC?q=%E6%97%A5'],
  ['https://ż.example/a\nb c', 'https://xn--hha.example/ab%20c'],
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

test.each([
  // What stands in the quotes of another attribute is no link, whoever wrote it.
  '<a title="see href=https://evil.example/x now" href="/here">x</a>',
  `<a title=' href="https://evil.example" ' href='mailto:a@b.example'>x</a>`,
  '<a title="data-track=on" data-track="off" href="https://a.example">x</a>',
  '<a data-track=OFF href=https://a.example>x</a>',
  '<a href="/first" href="https://evil.example">x</a>',
  `<a href="https://a.example/${'日'.repeat(700)}">x</a>`,
  '<a href="https://">x</a><a name="x">y</a><abbr href="https://a.example">z</abbr>',
])('rewriteLinks() leaves %s alone', async (html) => {
  expect(await rewriteLinks(html, { isOurs: () => false, picture: null, click: fail })).toBe(html)
})

test('rewriteLinks() takes no longer for what looks like tags without an end', async () => {
  const html = '<a '.repeat(200_000)
  expect(await rewriteLinks(html, { isOurs: () => false, picture: null, click: fail })).toBe(html)
})

async function fail(): Promise<string> {
  throw new Error('It is no link')
}
