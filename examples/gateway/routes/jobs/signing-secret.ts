import * as api from '../../contract/jobs.ts'
import { route, type Route } from '../../http/route.ts'
import { signingSecretOf, type SignedSender } from '../../jobs/send-signed.ts'

/** What receivers of `deliver` jobs and `http` sagas verify with. */
export function signingSecretRoutes(sender: Pick<SignedSender, 'secret'>): readonly Route[] {
  return [
    route(api.signingSecret, async ({ tenant }) => ({
      status: 200,
      body: { secret: await signingSecretOf(sender, tenant) },
    })),
  ]
}
