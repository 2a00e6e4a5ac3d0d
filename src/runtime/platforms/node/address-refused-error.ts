import { InfrastructureError } from '../../ports/infrastructure-error.ts'

/**
 * Nothing was sent: the host is, or has, an address that is not to be reached. Neither is in the
 * message.
 */
export class AddressRefusedError extends InfrastructureError<'address_refused'> {
  override readonly name = 'AddressRefusedError'

  /** @param range Why the address is refused */
  constructor(range: string) {
    super(
      'address_refused',
      `Cannot connect: the host has a refused address (${range}), allowed ones alone expected`,
      { status: 403 },
    )
  }
}
