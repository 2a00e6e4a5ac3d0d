/** An option of the command line, by its name in {@link OPTIONS}. */
export interface OptionShape {
  /** What stands behind it, as help shows it; none for a switch. */
  readonly value?: string
  readonly short?: string
  readonly summary: string
}

/** Every option of every command: one name means the same wherever it is taken. */
export const OPTIONS = {
  url: { value: 'address', summary: 'Where the gateway is; WHITE_CROSS_URL by default' },
  key: {
    value: 'key',
    summary: 'What it is called with; WHITE_CROSS_KEY by default, which no list of processes shows',
  },
  tenant: { value: 'tenant', summary: "Whom an operator's key acts for" },
  json: { summary: 'One line of JSON for each result' },
  help: { short: 'h', summary: 'Says what a command does' },
  version: { summary: 'The version of the program' },
  state: { value: 'state', summary: 'Only what is in this state' },
  tag: { value: 'tag', summary: 'Only jobs that have this tag' },
  name: { value: 'name', summary: 'Only jobs of this kind' },
  'id-prefix': { value: 'text', summary: 'Only those whose id begins with it' },
  limit: { value: 'number', summary: 'How many at most' },
  since: { value: 'time', summary: 'From then on: 2h ago as 2h, a date in ISO 8601, or ms' },
  until: { value: 'time', summary: 'Before then, written like --since' },
  endpoint: { value: 'id', summary: 'Only to this endpoint' },
  type: { value: 'type', summary: 'Only events of this type' },
  'per-second': { value: 'number', summary: 'How many a second at most' },
  'content-type': {
    value: 'type',
    summary: 'What the file is; application/octet-stream by default',
  },
  prefix: { value: 'text', summary: 'Only keys that begin with it' },
  every: { value: 'duration', summary: 'How often it looks, 1s to 1h; 2s by default' },
  scope: { value: 'scope', summary: 'What it may do, once for each; by default the services' },
  'expires-in': { value: 'duration', summary: 'How long it is good for, as 30d' },
  'requests-per-minute': { value: 'number', summary: 'How many requests a minute it may make' },
  forward: { value: 'address', summary: 'The local server, as http://localhost:4000/hook' },
  event: { value: 'pattern', summary: 'Only such events, as order.*, once for each' },
  as: { value: 'name', summary: 'Tells those that listen at once apart; local by default' },
  operator: { summary: 'A key of operators, who act for any tenant' },
} as const satisfies Readonly<Record<string, OptionShape>>

/** The name of an option. */
export type OptionName = keyof typeof OPTIONS

/** Options that every command takes. */
export const GENERAL_OPTIONS: readonly OptionName[] = ['url', 'key', 'tenant', 'json', 'help']

/** What is known of an option. */
export function optionShape(name: OptionName): OptionShape {
  return OPTIONS[name]
}

/** Whether there is an option of this name. */
export function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name)
}
