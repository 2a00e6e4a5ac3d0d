const NUMBERS = new Intl.NumberFormat('en')
const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
]
const INSTANTS = new Map<string, Intl.DateTimeFormat>()
const MOST_ZONES = 50

/** `12,345`. */
export function formatNumber(value: number): string {
  return NUMBERS.format(value)
}

/** `98.2 %`, of a share from 0 to 1; `–` for none. */
export function formatShare(share: number | null): string {
  return share === null ? '–' : `${(share * 100).toFixed(share === 1 || share === 0 ? 0 : 1)} %`
}

/** `1 min 4 s`: the two greatest units, and ms where it is shorter than a second. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '–'
  const whole = Math.max(Math.round(ms), 0)
  if (whole < 1000) return `${whole} ms`
  if (whole < 10_000) return `${(whole / 1000).toFixed(1)} s`
  const first = UNITS.findIndex(([, size]) => whole >= size)
  const [unit, size] = UNITS[first] ?? ['s', 1000]
  const count = Math.floor(whole / size)
  const next = UNITS[first + 1]
  const rest = next === undefined ? 0 : Math.floor((whole - count * size) / next[1])
  return rest === 0 || next === undefined
    ? `${count} ${unit}`
    : `${count} ${unit} ${rest} ${next[0]}`
}

/** `3 min ago`, `in 2 h`, `now`. */
export function formatRelative(at: number, now: number): string {
  const distance = at - now
  if (Math.abs(distance) < 1000) return 'now'
  const size = Math.abs(distance)
  const [unit, unitMs] = UNITS.find(([, ms]) => size >= ms) ?? ['s', 1000]
  const count = Math.floor(size / unitMs)
  return distance > 0 ? `in ${count} ${unit}` : `${count} ${unit} ago`
}

/** `29 Nov 2026, 22:41:05` in a time zone. */
export function formatInstant(at: number, zone: string): string {
  if (!Number.isFinite(at) || Math.abs(at) > 8.64e15) return '–'
  let format = INSTANTS.get(zone)
  if (format === undefined) {
    if (INSTANTS.size >= MOST_ZONES) INSTANTS.clear()
    format = new Intl.DateTimeFormat('en-GB', {
      ...{ timeZone: zone, day: 'numeric', month: 'short', year: 'numeric' },
      ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
    })
    INSTANTS.set(zone, format)
  }
  return format.format(at)
}

/** `4.2 MB`, in powers of 1,000. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1)
  const value = bytes / 1000 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power] ?? 'B'}`
}

/** `1 job`, `2 jobs`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`
}
