import { expect, test } from 'vitest'
import { textFromHtml } from './text-alternative.ts'

test.each([
  ['<h1>Hi</h1><p>One<br>two</p><ul><li>a</li><li>b</li></ul>', 'Hi\n\nOne\ntwo\n- a\n- b'],
  [
    '<p>See <a href="https://x.example/?a&amp;b">this</a>.</p>',
    'See this\nhttps://x.example/?a&b\n.',
  ],
  ['<a href="https://x.example">https://x.example</a>', 'https://x.example'],
  ['<a title="href=https://evil.example" href="https://x.example">x</a>', 'x\nhttps://x.example'],
  ['<style>p{}</style><!-- x --><img alt="Logo &amp; co" src="x">', 'Logo & co'],
  ['<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>', 'a b\nc'],
  ['a<hr>b', 'a\n\n---\n\nb'],
  ['<STYLE>a</style ><!doctype html><!-- never ends', '<!-- never ends'],
])('textFromHtml() of %s', (html, text) => {
  expect(textFromHtml(html)).toBe(text)
})

test('textFromHtml() takes time in step with the length, whatever it is given', () => {
  const row = '<tr><td><a href="https://x.example/1">Name</a></td><td>12.00</td></tr>'
  for (const piece of ['<style>', '<!--', '<!', '<a ', '<a "', ' \u00a0', '</a>', row])
    expect(typeof textFromHtml(piece.repeat(100_000))).toBe('string')
})
