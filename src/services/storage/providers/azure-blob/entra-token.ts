import { checkOptions } from '../../../../primitives/check-options.ts'
import { systemClock, type Clock } from '../../../../runtime/ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../../../../runtime/ports/platform/fetch-client.ts'
import { createTokenSource } from '../../http/token-source.ts'

/** Options of {@link entraToken}: an application registered in Entra ID. */
export interface EntraTokenOptions {
  readonly tenantId: string
  readonly clientId: string
  readonly clientSecret: string
  /** Default: the platform's. */
  readonly fetch?: FetchClient
  /** Default: the platform's. */
  readonly clock?: Clock
}

/**
 * Gets tokens of Entra ID for an application, each once for as long as it lives.
 *
 * @example
 * azureBlob({ account: 'shop', token: entraToken({ tenantId, clientId, clientSecret }) })
 */
export function entraToken(options: EntraTokenOptions): () => Promise<string> {
  checkOptions(
    'use Entra ID',
    options,
    ['tenantId', 'clientId', 'clientSecret'],
    ['fetch', 'clock'],
  )
  const { tenantId, clientId, clientSecret, fetch = systemFetch, clock = systemClock } = options
  if (!/^[\w.-]{1,128}$/.test(tenantId))
    throw new RangeError('Cannot use Entra ID: tenantId is malformed')
  return createTokenSource({
    fetch,
    clock,
    url: `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`,
    form: async () => ({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      scope: 'https://storage.azure.com/.default',
    }),
  })
}
