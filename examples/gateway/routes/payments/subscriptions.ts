import type { Payments } from '@white-cross/reuse/infrastructure/payments'
import * as api from '../../contract/subscriptions.ts'
import { route, type Answer, type Call, type Route } from '../../http/route.ts'
import { serveOpenly } from '../../http/serve.ts'
import { paymentsOf, requestOf, shown } from './payments-of.ts'

type Subscriptions = Payments['subscriptions']
type Body = Readonly<Record<string, unknown>>

/** What customers pay again and again. */
export function subscriptionRoutes(): readonly Route[] {
  return [
    route(api.createSubscription, async (call) =>
      serveOpenly(async () => {
        const { subscriptions } = await paymentsOf(call)
        const subscription = await subscriptions.create(requestOf(call, call.body))
        return { status: 201, body: shown(subscription), target: subscription.id }
      }),
    ),
    route(api.createPlan, async (call) =>
      serveOpenly(async () => {
        const plan = await (await paymentsOf(call)).createPlan(requestOf(call, call.body))
        return { status: 201, body: shown(plan), target: plan.reference }
      }),
    ),
    route(api.getSubscription, async (call) =>
      serveOpenly(async () => {
        const { subscriptions } = await paymentsOf(call)
        const refresh = call.query.refresh === 'true'
        return {
          status: 200,
          body: shown(await subscriptions.retrieve(call.param('id'), { refresh })),
        }
      }),
    ),
    route(api.changeSubscription, (call) => change(call, ({ change: act }) => act)),
    route(api.pauseSubscription, (call) => change(call, ({ pause }) => pause)),
    route(api.resumeSubscription, (call) => change(call, ({ resume }) => resume)),
    route(api.cancelSubscription, (call) => change(call, ({ cancel }) => cancel)),
    route(api.reactivateSubscription, (call) => change(call, ({ reactivate }) => reactivate)),
  ]
}

function change(
  call: Call<unknown, Body>,
  choose: (
    subscriptions: Subscriptions,
  ) => (id: string, request: never) => Promise<{ readonly raw: unknown }>,
): Promise<Answer> {
  return serveOpenly(async () => {
    const act = choose((await paymentsOf(call)).subscriptions)
    return { status: 200, body: shown(await act(call.param('id'), requestOf(call, call.body))) }
  })
}
