/** What every error class of this library is made with, beside its message. */
export interface InfrastructureErrorOptions extends ErrorOptions {
  /** The HTTP status that says the same. Default 500. */
  readonly status?: number
}

/**
 * The base of every error of this library that is not a wrong argument: those are TypeError or
 * RangeError. Messages and properties carry neither secrets nor personal data.
 */
export abstract class InfrastructureError<Code extends string = string> extends Error {
  /** Says what happened, for programs: stable over versions, listed in the docs. */
  readonly code: Code
  /** The HTTP status that says the same, for whoever answers a request with this error. */
  readonly status: number

  constructor(
    code: Code,
    message: string,
    { status = 500, ...options }: InfrastructureErrorOptions = {},
  ) {
    super(message, options)
    this.code = code
    this.status = status
  }
}
