import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** The part of package.json that says what is packed; npm has validated it before. */
interface Packed {
  readonly files: readonly string[]
}

const root = join(import.meta.dirname, '..')
const links = [...readFileSync(join(root, 'llms.txt'), 'utf8').matchAll(/\]\((.*?)\)/g)].map(
  ([, path = '']) => path,
)

test('llms.txt names every page, and no other', () => {
  const pages = readdirSync(join(root, 'docs')).filter((file) => file.endsWith('.md'))
  expect(links).toEqual(expect.arrayContaining(pages.map((page) => `docs/${page}`)))
  expect(links.filter((path) => !existsSync(join(root, path)))).toEqual([])
})

test('the package holds what llms.txt names', () => {
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Packed
  // npm takes the readme by itself.
  const packed = ['README.md', ...files]
  expect(
    links.filter((path) => !packed.some((file) => path === file || path.startsWith(`${file}/`))),
  ).toEqual([])
  expect(packed).toContain('llms.txt')
})
