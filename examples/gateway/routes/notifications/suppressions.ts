import * as api from '../../contract/notifications.ts'
import { withoutUndefined } from '../../contract/shapes.ts'
import { route, type Route } from '../../http/route.ts'
import { serveOpenly } from '../../http/serve.ts'
import { notificationsOf } from './messages.ts'

/** Addresses that nothing is sent to, and what users want to hear. */
export function suppressionRoutes(): readonly Route[] {
  return [
    route(api.suppress, async (call) => {
      const { suppressions } = await notificationsOf(call)
      return serveOpenly(async () => {
        // The list checks what each may be.
        await suppressions.add(
          withoutUndefined(call.body) as Parameters<typeof suppressions.add>[0],
        )
        return { status: 204 }
      })
    }),
    route(api.findSuppression, async (call) => {
      const { suppressions } = await notificationsOf(call)
      const { address, ...options } = withoutUndefined(call.body)
      return serveOpenly(async () => ({
        status: 200,
        body: { suppression: await suppressions.find(address, options) },
      }))
    }),
    route(api.unsuppress, async (call) => {
      const { suppressions } = await notificationsOf(call)
      const { address, ...options } = withoutUndefined(call.body)
      return serveOpenly(async () => ({
        status: 200,
        body: { removed: await suppressions.remove(address, options) },
      }))
    }),
    route(api.getPreferences, async (call) => {
      const { preferences } = await notificationsOf(call)
      return serveOpenly(async () => ({
        status: 200,
        body: await preferences.get(call.param('id')),
      }))
    }),
    route(api.updatePreferences, async (call) => {
      const { preferences } = await notificationsOf(call)
      return serveOpenly(async () => ({
        status: 200,
        body: await preferences.update(call.param('id'), call.body),
      }))
    }),
  ]
}
