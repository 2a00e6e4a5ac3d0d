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

/** Of all scripts at once, as the calculator has trouble where they meet. */
const mixed = fc.oneof(
  ...Object.values(scripts),
  codes(0x610, 0x6d0),
  codes(0xe0020, 0xe007f),
  codes(0x2000, 0x206f),
  codes(0x2600, 0x27bf),
  codes(0xff00, 0xffef),
  fc.constantFrom('\r', '\n', '\r\n', '\u200d', '👩', '🏽'),
)

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

// Only where a segment ends does a character that is split elsewhere show in the count.
test.each(Object.entries({ ...scripts, mixed }))(
  "splitCharacters() agrees with Twilio's calculator over %s",
  (_script, unit) => {
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 8, size: 'max' }), (characters) => {
        const text = characters.join('')
        // Marks that belong to what follows them take part in no word that is written.
        fc.pre(!/[\u0600-\u0605\u06dd]/.test(text))
        expect(splitCharacters(text)).toEqual(new SegmentedMessage(text).graphemes)
      }),
      { numRuns: 5000 },
    )
  },
)

test.each([
  ['a second mark on a flag', '🇵🇱\u200d\u200d', ['🇵🇱\u200d', '\u200d']],
  ['an emoji that would join to a flag', '🇵🇱\u200d♀', ['🇵🇱\u200d', '♀']],
  ['a mark on the skin tone behind a flag', '🇵🇱🏻\u200d', ['🇵🇱', '🏻\u200d']],
  ['a skin tone behind a lone mark and a joiner', '\ufe0f\u200d👩🏽', ['\ufe0f\u200d👩', '🏽']],
  ['a skin tone behind an earlier mark', '🏳\ufe0f\u200d👦🏻', ['🏳\ufe0f\u200d👦', '🏻']],
  ['a skin tone behind one mark', '👦\ufe0f🏻', ['👦\ufe0f🏻']],
  ['a half-width sound mark', 'ؐﾞ', ['ؐﾞ']],
])('splitCharacters() takes %s as the calculator does', (_what, text, expected) => {
  expect(splitCharacters(text)).toEqual(expected)
  expect(new SegmentedMessage(text).graphemes).toEqual(expected)
})

test('a letter behind a virama and a joiner counts for itself, as the calculator has it', () => {
  const text = `${'\u0905'.repeat(66)}\u0915\u094d\u200d\u0915${'\u0905'.repeat(10)}`
  expect(splitCharacters('\u0915\u094d\u200d\u0915')).toEqual(['\u0915\u094d\u200d', '\u0915'])
  expect(countSmsSegments(text).segments).toBe(new SegmentedMessage(text).segmentsCount)
})
