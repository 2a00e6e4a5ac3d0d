import type { TextRule } from './text-rule.ts'

const MONTH =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\\.?'
const DAY = '(?:0?[1-9]|[12]\\d|3[01])'

/** A date to the day, however written; used for itself, and after words such as "born". */
export const DATE: string = [
  `\\d{4}([-/.])(?:0?[1-9]|1[0-2])[-/.](?:[12]\\d|3[01]|0?[1-9])(?!\\d)(?:[T ]\\d\\d:\\d\\d[\\d:.,]*(?: ?Z|[+-]\\d\\d:?\\d\\d)?)?`,
  `${DAY}[-/.]${DAY}[-/.](?:\\d{4}|\\d\\d)(?!\\d)`,
  `${DAY}(?:st|nd|rd|th)?(?: of)?[ -]${MONTH}(?:,?[ -]\\d{4}(?!\\d))?`,
  `${MONTH}[ -](?:[12]\\d|3[01]|0?[1-9])(?:st|nd|rd|th)?(?!\\d)(?:,? \\d{4}(?!\\d))?`,
].join('|')

const STATE =
  '(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])'

/**
 * Postal codes after a state, or with their four further digits. Looked for where a number begins.
 */
export const zipRule: TextRule = {
  rule: 'zip',
  needs: '',
  least: 5,
  most: 5,
  pattern: new RegExp(
    `(?<=\\b${STATE},? {1,2})\\d{5}(?:-\\d{4})?(?![\\w-])|(?<![\\w.-])\\d{5}-\\d{4}(?![\\w-])`,
    'y',
  ),
}

/** What Safe Harbor lists besides: dates, ages over 89, URLs, pictures. */
export const hipaaRules: readonly TextRule[] = [
  {
    rule: 'date',
    needs: '',
    pattern: new RegExp(
      `(?<![\\w.:/-])(?:${DATE}|${MONTH}[ -]\\d{4}(?!\\d)|(?:0?[1-9]|1[0-2])/(?:\\d{4}|\\d{1,2}))(?![\\w/-]|\\.\\d)`,
      'gi',
    ),
  },
  {
    rule: 'age',
    needs: '',
    pattern:
      /\b(?:aged?|age is|age:)\s{1,2}(?<v>9\d|1\d\d)\b|\b(?:9\d|1\d\d)(?=[- ]?(?:years?|yrs?)?[- ]?(?:old|y\/?o)\b)/gi,
  },
  {
    rule: 'url',
    needs: '',
    pattern: /\b(?:(?:https?|wss?|ftp):\/\/|www\.)[^\s"'<>]*[^\s"'<>.,;:!?)\]}]/gi,
  },
  {
    rule: 'photo',
    needs: 'data:',
    pattern: /data:(?:image|video|audio)\/[\w.+-]*[;\w=-]*,[\w+/=%-]*/gi,
  },
]
