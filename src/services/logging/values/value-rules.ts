/** What holds for everything that stands under a name. */
export interface NameRule {
  /** What it is, as `email`; names the mark that stands in its place. */
  readonly rule: string
  /**
   * `secret`: nothing beneath it is shown. `personal`: only what says nothing of a person, as a
   * type. `leave`: all is shown.
   */
  readonly kind: 'secret' | 'personal' | 'leave'
  /** Holds for the value itself, and not for what an object under the name has. */
  readonly shallow?: boolean | undefined
  /** Holds for texts, and not for numbers. */
  readonly onlyTexts?: boolean | undefined
}

/** What decides about names and texts while a value is made plain. */
export interface ValueRules {
  /**
   * @returns What holds for the values under `name`, `undefined` when only they themselves can say
   */
  under(name: string): NameRule | undefined
  /**
   * @returns `text` without what it must not say, and no longer than `maxLength` where that is
   *   given
   */
  text(text: string, path: readonly PathStep[], maxLength: number, name: string): string
  /** Whether the name of a property has nothing that must not be shown. */
  showsName(name: string): boolean
  /** @returns The number, or the text that stands for it */
  number(value: number | bigint, path: readonly PathStep[]): number | string
  /** @returns What stands for a hidden value; `undefined` leaves it out */
  hide(value: string, rule: NameRule, path: readonly PathStep[]): string | undefined
}

/** A name, or a place in a list. */
export type PathStep = string | number

/** How far a value is followed. */
export interface PlainLimits {
  /** Objects within objects. */
  readonly maxDepth: number
  /** Values in all. */
  readonly maxValues: number
  /** UTF-16 units of one text. */
  readonly maxTextLength: number
}
