/** Nothing was sent: the host is, or has, an address that is not to be reached. Neither is in the message. */
export class AddressRefusedError extends Error {
  override readonly name = 'AddressRefusedError'
  readonly code = 'address_refused'

  /** @param range Why the address is refused */
  constructor(range: string) {
    super(`Cannot connect: the host has a refused address (${range}), allowed ones alone expected`)
  }
}
