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

const STREET =
  'Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq|Terrace|Parkway|Pkwy|Circle|Cir|Highway|Hwy|Way|Trail|Close|Crescent|Row|Plaza'
const STATE =
  '(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])'
const TOWN = "(?:[,\\s]{1,3}\\p{Lu}[\\p{L}.'-]{1,25}){1,3},?"

/** Addresses and postal codes, looked for where a number begins. */
export const placeRules: readonly TextRule[] = [
  {
    rule: 'address',
    needs: '',
    pattern: new RegExp(
      [
        `(?<![\\w.$€£-])\\d{1,6}(?:[-/]\\d{1,4})?[A-Za-z]? (?:[A-Z\\d][\\w'’.-]{0,24} ){1,5}(?:${STREET})\\b\\.?(?:[, ]+(?:Apt|Suite|Ste|Unit|Floor|Fl|#)\\.? ?#?[\\w-]{1,8})?(?:${TOWN} ${STATE}\\b(?:,? \\d{5}(?:-\\d{4})?)?)?`,
        // However the street is written: a number, and an apartment's.
        "(?<![\\w.$€£-])\\d{1,6}(?:[\\s,]{1,3}[\\p{L}\\d.'’-]{1,30}){1,5}[\\s,]{1,3}(?:Apt|Apartment|Suite|Ste|Unit)\\.? ?#?\\d{1,5}(?:[\\s,]{1,3}\\p{Lu}[\\p{L}.'’-]{1,30}){0,4}(?:[\\s,]{1,3}\\d{4,6}(?:-\\d{3,4})?)?(?![\\w])",
        "(?<=(?:address(?: is|:)?|liv(?:es|ing) at|resid(?:es|ing) at|located at|moved to|(?:sent|ship|shipped|deliver|delivered) to) )\\d{1,6}[A-Za-z]? (?:\\p{Lu}|\\d)[^\\n;?!\"]{3,90}",
      ].join('|'),
      'uy',
    ),
  },
  {
    rule: 'zip',
    needs: '',
    pattern: new RegExp(
      `(?<=\\b${STATE},? {1,2})\\d{5}(?:-\\d{4})?(?![\\w-])|(?<![\\w.-])\\d{5}-\\d{4}(?![\\w-])`,
      'y',
    ),
  },
]

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
  { rule: 'photo', needs: 'data:', pattern: /data:(?:image|video|audio)\/[\w.+-]*[;\w=-]*,[\w+/=%-]*/gi },
]
