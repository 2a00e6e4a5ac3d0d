/** An address that a host name stands for. */
export interface FoundAddress {
  readonly address: string
  /** 4 or 6. */
  readonly family: number
}
