import fc from 'fast-check'
import { SegmentedMessage } from 'sms-segments-calculator'
import { expect, test } from 'vitest'
import { splitCharacters } from './split-characters.ts'
import { countSmsSegments } from './sms-segments.ts'

test.each([
  ['', { encoding: 'GSM-7', segments: 1, units: 0, unitsLeft: 160 }],
  ['x'.repeat(160), { encoding: 'GSM-7', segments: 1, units: 160, unitsLeft: 0 }],
  ['x'.repeat(161), { encoding: 'GSM-7', segments: 2, units: 161, unitsLeft: 145 }],
  ['x'.repeat(306), { encoding: 'GSM-7', segments: 2, units: 306, unitsLeft: 0 }],
  ['x'.repeat(307), { encoding: 'GSM-7', segments: 3, units: 307, unitsLeft: 152 }],
  // What takes two septets is not broken over two segments.
  [
    `${'x'.repeat(152)}€${'x'.repeat(152)}`,
    { encoding: 'GSM-7', segments: 3, units: 306, unitsLeft: 152 },
  ],
  ['[]{}€^~|\\', { encoding: 'GSM-7', segments: 1, units: 18, unitsLeft: 142 }],
  ['ż'.repeat(70), { encoding: 'UCS-2', segments: 1, units: 70, unitsLeft: 0 }],
  ['ż'.repeat(71), { encoding: 'UCS-2', segments: 2, units: 71, unitsLeft: 63 }],
  // Nor is a surrogate pair: 67 units of a segment hold 33 of them.
  ['😀'.repeat(67), { encoding: 'UCS-2', segments: 3, units: 134, unitsLeft: 65 }],
  ['a\r\nb', { encoding: 'GSM-7', segments: 1, units: 4, unitsLeft: 156 }],
  ['`', { encoding: 'UCS-2', segments: 1, units: 1, unitsLeft: 69 }],
])('countSmsSegments() counts %#', (text, expected) => {
  expect(countSmsSegments(text)).toEqual(expected)
})

const codes = (from: number, to: number): fc.Arbitrary<string> =>
  fc.integer({ min: from, max: to }).map((code) => String.fromCodePoint(code))

const scripts = {
  gsm: fc.constantFrom(...'abc XYZ012@£[]{}€~^|\\\n\r'),
  latin: codes(0x20, 0x24f),
  emoji: fc.oneof(
    codes(0x1f300, 0x1faff),
    codes(0x1f3fb, 0x1f3ff),
    codes(0x1f1e6, 0x1f1ff),
    fc.constantFrom('\u200d', '\ufe0f', '❤', '♀', '♂', 'a'),
    fc.constantFrom('👨‍👩‍👧‍👦', '🏳️‍🌈', '👩🏽‍🚒', '🧑‍🦰', '❤️‍🔥', '👋🏿'),
  ),
  hindi: fc.oneof(codes(0x900, 0x97f), fc.constantFrom('\u094d', '\u200d', ' ')),
  bengali: codes(0x980, 0x9ff),
  thai: codes(0xe00, 0xe7f),
  hangul: fc.oneof(codes(0x1100, 0x11ff), codes(0xac00, 0xac40)),
  arabic: codes(0x600, 0x6ff),
  combining: fc.oneof(codes(0x300, 0x36f), fc.constantFrom('a', 'b')),
}

test.each(Object.entries(scripts))(
  "countSmsSegments() agrees with Twilio's calculator over %s",
  (_script, unit) => {
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 420, size: 'max' }), (characters) => {
        const text = characters.join('')
        const oracle = new SegmentedMessage(text)
        const { encoding, segments } = countSmsSegments(text)
        expect([encoding, segments]).toEqual([oracle.encodingName, oracle.segmentsCount])
      }),
      { numRuns: 250 },
    )
  },
)

test('a letter behind a virama and a joiner counts for itself, as the calculator has it', () => {
  const text = `${'\u0905'.repeat(66)}\u0915\u094d\u200d\u0915${'\u0905'.repeat(10)}`
  expect(splitCharacters('\u0915\u094d\u200d\u0915')).toEqual(['\u0915\u094d\u200d', '\u0915'])
  expect(countSmsSegments(text).segments).toBe(new SegmentedMessage(text).segmentsCount)
})
