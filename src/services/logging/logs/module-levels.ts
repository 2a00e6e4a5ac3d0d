import { levelNumber, type LogLevel } from './log-level.ts'

/** A level, or `silent` for no lines at all. */
export type LogThreshold = LogLevel | 'silent'

/** The least levels of a logger and of the parts of the program, which may change while it runs. */
export class ModuleLevels {
  /** Grows with each change, so that loggers know when to look again. */
  version = 0
  #all: number
  readonly #byModule = new Map<string, number>()

  /** @throws TypeError when a level has another name */
  constructor(action: string, level: LogThreshold, levels: Readonly<Record<string, LogThreshold>>) {
    this.#all = levelNumber(action, level)
    for (const [module, own] of Object.entries(levels))
      this.#byModule.set(module, levelNumber(action, own))
  }

  /** @param module Default: all that have none of their own */
  set(level: LogThreshold, module?: string): void {
    const number = levelNumber('set level', level)
    if (module !== undefined && (typeof module !== 'string' || module === ''))
      throw new TypeError('Cannot set level: module is no word, the name of one expected')
    if (module === undefined) this.#all = number
    else this.#byModule.set(module, number)
    this.version++
  }

  /** The level of the nearest part above: that of `db` holds for `db.pool`. */
  of(module: string | undefined): number {
    for (
      let name = module ?? '';
      name !== '';
      name = name.slice(0, Math.max(0, name.lastIndexOf('.')))
    ) {
      const own = this.#byModule.get(name)
      if (own !== undefined) return own
    }
    return this.#all
  }
}
