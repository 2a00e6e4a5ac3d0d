import { InfrastructureError } from '../../runtime/ports/infrastructure-error.ts'

/** Why a page is not there: what it is about is unknown. */
export type MissingPageErrorCode = 'missing_page'

/** There is nothing at an address; its message is shown to who asked. */
export class MissingPageError extends InfrastructureError<MissingPageErrorCode> {
  override readonly name = 'MissingPageError'

  constructor(message: string) {
    super('missing_page', message, { status: 404 })
  }
}
