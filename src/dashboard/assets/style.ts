/**
 * The dashboard's only style sheet. One type scale (12, 14, 16, 20, 28 px), one scale of distances
 * (4, 8, 12, 16, 24, 32, 48 px), one accent; states have a colour and a word.
 */
export const style: string = `
:root {
  --bg: #f7f7f5; --surface: #ffffff; --sunk: #f1f0ee; --line: #e3e1dd; --line-strong: #c9c6c0;
  --ink: #1b1a18; --muted: #5c5952; --accent: #0b5f73; --accent-ink: #ffffff; --accent-soft: #e3f0f2;
  --good: #14683b; --good-soft: #e1f2e8; --warn: #7f4f00; --warn-soft: #fbefd6; --bad: #a8231b;
  --bad-soft: #fbe6e4; --busy: #1d5396; --busy-soft: #e3edf9; --idle: #5c5952; --idle-soft: #eceae7;
  --shadow: 0 1px 2px rgb(27 26 24 / .05);
  --t0: .75rem; --t1: .875rem; --t2: 1rem; --t3: 1.25rem; --t4: 1.75rem;
  --s1: 4px; --s2: 8px; --s3: 12px; --s4: 16px; --s5: 24px; --s6: 32px; --s7: 48px;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace;
  color-scheme: light;
}
@media (prefers-color-scheme: dark) {
  :root:not([data-theme="light"]) { --dark: 1; color-scheme: dark; DARK }
}
:root[data-theme="dark"] { color-scheme: dark; DARK }
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--bg); color: var(--ink); font: 400 var(--t1)/1.5 var(--sans); font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
h1, h2, h3, p, dl, dd, ul, ol, pre, figure, table { margin: 0; padding: 0; }
h1 { font-size: var(--t4); line-height: 1.2; font-weight: 650; letter-spacing: -.02em; }
h2 { font-size: var(--t2); line-height: 1.4; font-weight: 650; letter-spacing: -.005em; }
h3 { font-size: var(--t1); font-weight: 650; }
small { font-size: var(--t0); }
a { color: var(--accent); text-underline-offset: 2px; text-decoration-thickness: 1px; }
code, pre, .mono { font-family: var(--mono); font-size: .8125rem; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
main:focus { outline: none; }
.unseen { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -9999px; top: 0; z-index: 9; background: var(--surface); padding: var(--s2) var(--s4); }
.skip:focus { left: var(--s2); top: var(--s2); }
.hint { color: var(--muted); }
.lead { color: var(--muted); font-size: var(--t2); max-width: 62ch; }

.top { background: var(--surface); border-bottom: 1px solid var(--line); display: grid; grid-template-columns: 1fr auto; align-items: center; }
.brand { display: inline-flex; align-items: center; gap: var(--s2); font-weight: 650; font-size: var(--t1); color: var(--ink); text-decoration: none; padding: var(--s3) var(--s4); min-height: 48px; }
.mark rect { fill: var(--accent); } .mark path { stroke: var(--accent-ink); stroke-width: 3; stroke-linecap: round; fill: none; }
.sections { grid-column: 1 / -1; grid-row: 2; display: flex; gap: var(--s1); overflow-x: auto; padding: 0 var(--s3) var(--s2); scrollbar-width: none; }
.sections a { flex: none; color: var(--muted); text-decoration: none; padding: var(--s2) var(--s3); border-radius: 6px; font-weight: 500; }
.sections a:hover { background: var(--sunk); color: var(--ink); }
.sections a[aria-current] { background: var(--accent-soft); color: var(--accent); font-weight: 600; }
.who { grid-row: 1; grid-column: 2; display: flex; align-items: center; gap: var(--s2); padding-right: var(--s3); color: var(--muted); font-size: var(--t0); }
.who a.zone { color: var(--muted); text-decoration: none; padding: var(--s2); }
.who a.zone:hover { color: var(--ink); text-decoration: underline; }
.menu { position: relative; }
.menu summary { cursor: pointer; list-style: none; padding: var(--s2) var(--s3); border: 1px solid var(--line); border-radius: 6px; color: var(--ink); max-width: 40vw; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.menu summary::-webkit-details-marker { display: none; }
.menu summary:hover { border-color: var(--line-strong); }
.menu-body { position: absolute; right: 0; top: calc(100% + var(--s1)); z-index: 5; background: var(--surface); border: 1px solid var(--line); border-radius: 8px; padding: var(--s4); min-width: 200px; display: grid; gap: var(--s3); box-shadow: 0 8px 24px rgb(0 0 0 / .14); font-size: var(--t1); }

main { padding: var(--s5) var(--s4) var(--s7); display: grid; gap: var(--s5); max-width: 1200px; grid-template-columns: minmax(0, 1fr); align-content: start; }
main.alone { max-width: 400px; margin: 8vh auto 0; padding: var(--s5); gap: var(--s4); }
main.alone .brand { padding: 0; }
[data-live] { display: grid; align-content: start; gap: var(--s5); grid-template-columns: minmax(0, 1fr); }
.section { display: grid; gap: var(--s3); grid-template-columns: minmax(0, 1fr); }
.section-head { display: flex; flex-wrap: wrap; gap: var(--s2) var(--s4); align-items: center; justify-content: space-between; min-height: 36px; }
.actions { display: flex; flex-wrap: wrap; gap: var(--s2); align-items: center; }
.stack { display: grid; gap: var(--s4); }
.card { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: var(--s4); display: grid; gap: var(--s4); box-shadow: var(--shadow); grid-template-columns: minmax(0, 1fr); }
.ask { max-width: 640px; padding: var(--s5); }
.columns { display: grid; gap: var(--s5) var(--s4); grid-template-columns: minmax(0, 1fr); align-items: start; }

.notice { background: var(--good-soft); color: var(--good); border-radius: 8px; padding: var(--s3) var(--s4); font-weight: 500; }
.problem { background: var(--bad-soft); color: var(--bad); border-radius: 8px; padding: var(--s3) var(--s4); }
.advice { background: var(--warn-soft); color: var(--warn); border-radius: 8px; padding: var(--s3) var(--s4); }

.button { display: inline-flex; align-items: center; justify-content: center; gap: var(--s1); font: 500 var(--t1)/1.4 var(--sans); min-height: 36px; padding: 6px var(--s3); border: 1px solid var(--line-strong); border-radius: 7px; background: var(--surface); color: var(--ink); text-decoration: none; cursor: pointer; white-space: nowrap; }
.button:hover { background: var(--sunk); }
.button.primary { background: var(--accent); border-color: var(--accent); color: var(--accent-ink); }
.button.primary:hover { filter: brightness(1.12); }
.button.danger { background: var(--surface); border-color: var(--bad); color: var(--bad); }
.button.danger:hover { background: var(--bad-soft); }
.button.quiet { border-color: transparent; background: transparent; color: var(--muted); }
.button.quiet:hover { color: var(--ink); background: var(--sunk); }
.button.wide { width: 100%; min-height: 44px; }
.button[disabled] { opacity: .5; cursor: default; }
form.inline { display: inline-flex; }

.field { display: grid; gap: var(--s1); color: var(--muted); font-size: var(--t0); font-weight: 500; }
input, select, textarea { font: 400 var(--t1)/1.4 var(--sans); color: var(--ink); background: var(--surface); border: 1px solid var(--line-strong); border-radius: 7px; padding: 7px 10px; min-height: 36px; width: 100%; min-width: 0; }
textarea { font-family: var(--mono); font-size: .8125rem; min-height: 140px; resize: vertical; }
input[aria-invalid] { border-color: var(--bad); }
.filters { display: grid; gap: var(--s3); grid-template-columns: repeat(2, minmax(0, 1fr)); align-items: end; }
.filters .whole { grid-column: 1 / -1; }

.tags { display: flex; flex-wrap: wrap; gap: var(--s1); margin-top: var(--s1); }
.tag { font-size: var(--t0); line-height: 1.5; padding: 1px var(--s2); border: 1px solid var(--line-strong); border-radius: 6px; background: var(--sunk); color: var(--ink); text-decoration: none; }
.tag:hover { border-color: var(--accent); color: var(--accent); }
.badge { display: inline-flex; align-items: center; gap: 6px; white-space: nowrap; font-size: var(--t0); font-weight: 600; line-height: 1.5; padding: 1px var(--s2); border-radius: 99px; background: var(--idle-soft); color: var(--idle); }
.badge::before { content: ""; width: 6px; height: 6px; border-radius: 50%; background: currentColor; }
.badge.good { background: var(--good-soft); color: var(--good); } .badge.warn { background: var(--warn-soft); color: var(--warn); }
.badge.bad { background: var(--bad-soft); color: var(--bad); } .badge.busy { background: var(--busy-soft); color: var(--busy); }
.tag { display: inline-block; font-size: var(--t0); border: 1px solid var(--line-strong); border-radius: 4px; padding: 0 6px; color: var(--muted); text-decoration: none; }
a.tag:hover { color: var(--accent); border-color: var(--accent); }
.tags { display: inline-flex; flex-wrap: wrap; gap: var(--s1); }
time { white-space: nowrap; }
.when small { color: var(--muted); }

.figures { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1px; background: var(--surface); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
.figure { background: var(--surface); box-shadow: 0 0 0 1px var(--line); padding: var(--s3) var(--s4); display: grid; gap: 2px; align-content: start; text-decoration: none; color: var(--ink); min-height: 84px; }
a.figure:hover { background: var(--sunk); }
.figure-label { font-size: var(--t0); color: var(--muted); font-weight: 500; }
.figure-label::first-letter { text-transform: uppercase; }
.figure-value { font-size: var(--t3); font-weight: 650; line-height: 1.3; letter-spacing: -.01em; }
.figure-value.bad { color: var(--bad); } .figure-value.warn { color: var(--warn); } .figure-value.good { color: var(--good); } .figure-value.busy { color: var(--busy); } .figure-value.idle { color: var(--muted); }
.figure-note { font-size: var(--t0); color: var(--muted); }

.tabs { display: flex; gap: 0 var(--s4); overflow-x: auto; border-bottom: 1px solid var(--line); scrollbar-width: none; }
.tabs a { flex: none; color: var(--muted); text-decoration: none; padding: var(--s2) 0 10px; border-bottom: 2px solid transparent; font-weight: 500; margin-bottom: -1px; }
.tabs a:hover { color: var(--ink); }
.tabs a[aria-current] { color: var(--ink); border-color: var(--accent); }
.tab-count { color: var(--muted); font-weight: 400; }

.table { width: 100%; border-collapse: separate; border-spacing: 0; background: var(--surface); border: 1px solid var(--line); border-radius: 10px; box-shadow: var(--shadow); display: block; }
.table thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.table tbody, .table tr, .table td { display: block; }
.table tr { padding: var(--s3) var(--s4); border-top: 1px solid var(--line); display: grid; gap: var(--s1); }
.table tbody tr:first-child { border-top: 0; }
.table td { display: grid; grid-template-columns: 104px minmax(0, 1fr); gap: var(--s2); align-items: baseline; }
.table td::before { content: attr(data-label); color: var(--muted); font-size: var(--t0); }
.table td[data-label=""] { grid-template-columns: minmax(0, 1fr); } .table td[data-label=""]::before { content: none; }
.table td > div { min-width: 0; }
.table td:first-child { grid-template-columns: minmax(0, 1fr); font-weight: 550; } .table td:first-child::before { content: none; }
.table .sub { display: block; color: var(--muted); font-size: var(--t0); font-weight: 400; }

.facts { display: grid; gap: var(--s3) var(--s5); grid-template-columns: repeat(2, minmax(0, 1fr)); }
.facts dt { font-size: var(--t0); color: var(--muted); font-weight: 500; }

.empty { border: 1px dashed var(--line-strong); border-radius: 10px; padding: var(--s5) var(--s4); display: grid; gap: var(--s2); color: var(--muted); grid-template-columns: minmax(0, 1fr); }
.empty > p { max-width: 68ch; }
.empty-title { color: var(--ink); font-weight: 600; }
.code { position: relative; background: var(--sunk); border-radius: 8px; }
.code pre { padding: var(--s3) var(--s4); overflow-x: auto; max-height: 480px; color: var(--ink); line-height: 1.55; }
.code .copy { position: absolute; top: var(--s1); right: var(--s1); font: 500 var(--t0)/1 var(--sans); padding: 6px 8px; border: 1px solid var(--line); border-radius: 5px; background: var(--surface); color: var(--muted); cursor: pointer; }
.veiled { color: var(--muted); background: repeating-linear-gradient(135deg, var(--sunk) 0 6px, transparent 6px 12px); border: 1px solid var(--line); border-radius: 8px; padding: var(--s3) var(--s4); }
.veiled span { background: var(--surface); padding: 2px 6px; border-radius: 4px; }
.pager { display: flex; gap: var(--s2); align-items: center; justify-content: flex-end; }

.steps { list-style: none; display: grid; }
.steps li { display: grid; grid-template-columns: 16px minmax(0, 1fr); gap: 0 var(--s3); padding-bottom: var(--s4); position: relative; }
.steps li::before { content: ""; grid-row: 1 / 9; width: 10px; height: 10px; margin: 5px 3px; border-radius: 50%; background: var(--idle); }
.steps li:not(:last-child)::after { content: ""; position: absolute; left: 7px; top: 20px; bottom: -3px; width: 2px; background: var(--line); }
.steps li.good::before { background: var(--good); } .steps li.bad::before { background: var(--bad); } .steps li.warn::before { background: var(--warn); } .steps li.busy::before { background: var(--busy); }
.steps li > * { grid-column: 2; }
.step-head { display: flex; flex-wrap: wrap; gap: 0 var(--s3); align-items: baseline; justify-content: space-between; }

.chart { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: var(--s3) var(--s4) var(--s2); display: grid; gap: var(--s2); box-shadow: var(--shadow); min-width: 0; }
.chart figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 var(--s3); font-weight: 600; }
.chart figcaption span { font-weight: 400; color: var(--muted); font-size: var(--t0); align-self: center; }
.chart svg { width: 100%; height: 132px; display: block; overflow: visible; }
.chart .grid { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
.chart .line { fill: none; stroke-width: 1.75; stroke-linejoin: round; stroke-linecap: round; vector-effect: non-scaling-stroke; }
.chart .area { stroke: none; opacity: .12; }
.l1 { stroke: var(--accent); fill: var(--accent); } .l2 { stroke: var(--warn); fill: var(--warn); } .l3 { stroke: var(--bad); fill: var(--bad); } .l4 { stroke: var(--busy); fill: var(--busy); }
.legend { display: flex; flex-wrap: wrap; gap: 0 var(--s4); font-size: var(--t0); color: var(--muted); list-style: none; }
.legend li { display: inline-flex; gap: 6px; align-items: center; }
.legend svg { width: 12px; height: 3px; }
.axis { display: flex; justify-content: space-between; color: var(--muted); font-size: var(--t0); }
progress, meter { width: 100%; height: 8px; accent-color: var(--accent); }
progress { appearance: none; border: 0; border-radius: 99px; overflow: hidden; background: var(--sunk); }
progress::-webkit-progress-bar { background: var(--sunk); } progress::-webkit-progress-value { background: var(--accent); } progress::-moz-progress-bar { background: var(--accent); }
.preview { width: 100%; height: 420px; border: 1px solid var(--line); border-radius: 8px; background: #fff; }
.crumbs { display: flex; flex-wrap: wrap; gap: 0 var(--s2); color: var(--muted); }
.log { list-style: none; background: var(--surface); border: 1px solid var(--line); border-radius: 10px; font-family: var(--mono); font-size: .8125rem; overflow: hidden; }
.log li { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 var(--s3); padding: 6px var(--s4); border-top: 1px solid var(--line); }
.log li:first-child { border-top: 0; } .log .meta { color: var(--muted); }
.log .level { font-weight: 600; } .log .error .level, .log .fatal .level { color: var(--bad); } .log .warn .level { color: var(--warn); }
.pulse { display: inline-flex; gap: 6px; align-items: center; color: var(--muted); font-size: var(--t0); }
.pulse::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: var(--idle); }
.pulse.on::before { background: var(--good); animation: pulse 2s infinite; }
@keyframes pulse { 50% { opacity: .35; } }

@media (min-width: 720px) {
  .filters { display: flex; flex-wrap: wrap; } .filters .field { flex: 1 1 160px; max-width: 300px; } .filters .field.whole { flex: 1 1 300px; max-width: 480px; } .filters p.whole { flex-basis: 100%; }
  .figures { grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); }
  .facts { grid-template-columns: repeat(auto-fill, minmax(180px, 1fr)); }
  .columns.two { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .columns.three { grid-template-columns: repeat(3, minmax(0, 1fr)); }
  .table { display: table; overflow: visible; }
  .table thead { position: static; width: auto; height: auto; clip-path: none; display: table-header-group; }
  .table tbody { display: table-row-group; } .table tr { display: table-row; } .table th, .table td { display: table-cell; vertical-align: top; text-align: left; padding: var(--s2) var(--s3); border-top: 1px solid var(--line); }
  .table th { font-size: var(--t0); font-weight: 600; color: var(--muted); white-space: nowrap; border-top: 0; padding-top: 10px; padding-bottom: var(--s2); }
  .table td::before { content: none; }
  .table th:first-child, .table td:first-child { padding-left: var(--s4); } .table th:last-child, .table td:last-child { padding-right: var(--s4); }
  .table th.num, .table td.num { text-align: right; } .table td.wide { width: 40%; }
  .table td .actions { justify-content: flex-end; flex-wrap: nowrap; }
  .table tbody tr:hover td { background: color-mix(in srgb, var(--sunk) 55%, transparent); }
  .log li { grid-template-columns: 176px 52px minmax(0, 1fr); }
}
@media (min-width: 1000px) {
  body:has(> .top) { display: grid; grid-template-columns: 216px minmax(0, 1fr); min-height: 100vh; }
  .top { grid-template-columns: minmax(0, 1fr); grid-template-rows: auto 1fr auto; align-content: start; border-bottom: 0; border-right: 1px solid var(--line); position: sticky; top: 0; height: 100vh; padding: var(--s3) var(--s3) var(--s4); overflow: visible; }
  .brand { padding: var(--s2) var(--s3) var(--s4); }
  .sections { grid-column: 1; grid-row: 2; flex-direction: column; padding: 0; overflow-y: auto; align-self: start; max-height: 100%; }
  .who { grid-column: 1; grid-row: 3; flex-direction: column; align-items: stretch; padding: 0; }
  .menu summary { max-width: none; } .menu-body { right: auto; left: 0; top: auto; bottom: calc(100% + var(--s1)); width: 100%; }
  main { padding: var(--s6) var(--s6) var(--s7); }
}
@media (prefers-reduced-motion: reduce) { *, *::before, *::after { animation: none !important; transition: none !important; } }
@media (forced-colors: active) { .badge::before, .steps li::before, .pulse::before { forced-color-adjust: none; } }
@media print { .top, .actions, .pager { display: none; } }
`.replaceAll(
  'DARK',
  `--bg: #131211; --surface: #1c1a19; --sunk: #262321; --line: #322f2c; --line-strong: #4b4742;
  --ink: #f1efec; --muted: #aba59d; --accent: #62c3d6; --accent-ink: #06262d; --accent-soft: #123339;
  --good: #6fd39b; --good-soft: #12301f; --warn: #eab659; --warn-soft: #35270d; --bad: #f5948c;
  --bad-soft: #3b1a17; --busy: #8fbcf5; --busy-soft: #162a44; --idle: #aba59d; --idle-soft: #2a2725; --shadow: none;`,
)
