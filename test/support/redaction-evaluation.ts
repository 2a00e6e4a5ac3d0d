import type { Redactor } from '../../src/services/logging/redaction/redactor.ts'

/** One text of a corpus, with where its personal data stand. */
export interface LabelledText {
  readonly text: string
  readonly spans: readonly {
    readonly entity: string
    readonly start: number
    readonly end: number
  }[]
}

/** How one kind of data fared. */
export interface EntityScore {
  readonly entity: string
  readonly spans: number
  /** Spans of which nothing is shown. */
  readonly hidden: number
}

/** How a redactor fared on a corpus. */
export interface CorpusScore {
  readonly entities: readonly EntityScore[]
  /** Of what was hidden, units that belong to labelled spans. */
  readonly precision: number
  /** Texts without any span, and how many of those were changed. */
  readonly negatives: number
  readonly changed: number
}

/** Compares what a redactor hides with a corpus's labels. */
export function evaluateRedaction(
  redactor: Redactor,
  corpus: readonly LabelledText[],
  onMiss: (text: LabelledText, entity: string, missed: string) => void = () => undefined,
): CorpusScore {
  const entities = new Map<string, { spans: number; hidden: number }>()
  let right = 0
  let all = 0
  let negatives = 0
  let changed = 0
  for (const labelled of corpus) {
    const { text, spans } = labelled
    const isHidden = new Uint8Array(text.length)
    for (const { start, end } of redactor.explain(text)) isHidden.fill(1, start, end)
    const isLabelled = new Uint8Array(text.length)
    for (const { entity, start, end } of spans) {
      isLabelled.fill(1, start, end)
      const score = entities.get(entity) ?? { spans: 0, hidden: 0 }
      entities.set(entity, score)
      score.spans++
      if (shows(text, isHidden, start, end)) onMiss(labelled, entity, text.slice(start, end))
      else score.hidden++
    }
    for (let at = 0; at < text.length; at++) {
      if (isHidden[at] === 0) continue
      all++
      if (isLabelled[at] === 1) right++
    }
    if (spans.length === 0) {
      negatives++
      if (isHidden.includes(1)) changed++
    }
  }
  return {
    entities: Array.from(entities, ([entity, score]) => ({ entity, ...score })),
    precision: all === 0 ? 1 : right / all,
    negatives,
    changed,
  }
}

/** Whether a letter or digit of the span is shown. */
function shows(text: string, isHidden: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++)
    if (isHidden[at] === 0 && /[\p{L}\p{N}]/u.test(text[at] ?? '')) return true
  return false
}
