import type { Outcome } from './compare.ts'

/** Renders an outcome as the Markdown that stands in `results/`. */
export function render(outcome: Outcome, machine: string): string {
  const { title, setting, unit, rows, ratio, leastRatio, mostRatio, target, verdict } = outcome
  const table = rows.map(
    ({ name, median, least, most }) =>
      `| ${name} | ${whole(median)} | ${whole(least)} – ${whole(most)} |`,
  )
  return [
    `## ${title}`,
    '',
    setting,
    '',
    `| | median ${unit} | least – most |`,
    '|---|---:|---:|',
    ...table,
    '',
    `Ratio ${ratio.toFixed(2)} (${leastRatio.toFixed(2)} – ${mostRatio.toFixed(2)} over the rounds), aim ${target}: ${verdict}${
      verdict === 'unsure' ? ', the anchor varied by more than 1.5× in this run' : ''
    }.`,
    '',
    `Measured on ${machine}.`,
    '',
  ].join('\n')
}

function whole(rate: number): string {
  return Math.round(rate).toLocaleString('en-US')
}
