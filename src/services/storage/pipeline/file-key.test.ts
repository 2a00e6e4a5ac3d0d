import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFakeClock, createSeededRandom } from '../../../testing/index.ts'
import { createFileKeys } from './file-key.ts'

const clock = createFakeClock(Date.parse('2026-03-04T23:59:59Z'))

test('createFileKeys() fills in a template', () => {
  const random = createSeededRandom(1)
  const keyOf = createFileKeys('u/{yyyy}/{mm}/{dd}/{name}-{id}{ext}', { clock, random })
  expect(keyOf({ filename: 'Über uns (final).PDF', contentType: 'application/pdf' })).toMatch(
    /^u\/2026\/03\/04\/uber-uns-final-[\w-]{22}\.pdf$/,
  )
  expect(keyOf({ id: 'x' })).toBe('u/2026/03/04/file-x')
  const byHash = createFileKeys('{sha256}{ext}')
  expect(byHash({ sha256: 'a'.repeat(64), contentType: 'image/png' })).toBe(`${'a'.repeat(64)}.png`)
  expect(() => byHash()).toThrow(TypeError)
})

test.for(['a', '{name}', '{id', '{id}}', '{other}{id}', '../{id}', '/./{id}', 'a\u0000{id}'])(
  'createFileKeys() refuses the template %j',
  (template) => {
    expect(() => createFileKeys(template)).toThrow(/template|key/)
  },
)

test('a key stays in its folder and is plain, whatever the client says', () => {
  const keyOf = createFileKeys('in/{name}-{id}{ext}', { clock })
  const hostile = ['../../etc/passwd', '.htaccess', 'a.pHp', 'con', '\ud800', 'a\u202egpj.exe', '']
  const names = fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: 'binary', maxLength: 300 }))
  fc.assert(
    fc.property(names, fc.string(), (filename, contentType) => {
      expect(keyOf({ filename, contentType })).toMatch(
        /^in\/[a-z0-9][a-z0-9-]{0,60}-[\w-]{22}(?:\.[a-z0-9]{1,5})?$/,
      )
    }),
  )
})
