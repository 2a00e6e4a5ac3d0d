import * as api from '../../contract/sagas.ts'
import { ProblemError } from '../../http/problem.ts'
import { route, type Answer, type Call, type Route } from '../../http/route.ts'
import { serve } from '../../http/serve.ts'
import { asJson } from './jobs.ts'
import { findSaga, notFound } from './find-queue.ts'

/** Sagas: steps that are undone in reverse when one fails. */
export function sagaRoutes(): readonly Route[] {
  return [
    route(api.listSagas, async (call) => {
      const { sagas } = await call.services()
      return { status: 200, body: { sagas: sagas.map(({ orchestrator: { name } }) => ({ name })) } }
    }),
    route(api.startSaga, async (call) => {
      const { orchestrator, input: schema } = await findSaga(call)
      const { id, input } = call.body
      const checked = schema.safeParse(input)
      if (!checked.success) {
        const [issue] = checked.error.issues
        const detail = `${['input', ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? ''}`
        throw new ProblemError(422, 'invalid_body', detail.slice(0, 1000))
      }
      return serve(async () => {
        const started = await orchestrator.start(asJson(input), id === undefined ? {} : { id })
        return { status: 202, body: { id: started } }
      })
    }),
    route(api.getSaga, async (call) => shown(call, 200)),
    route(api.listStuckSagas, async (call) => {
      const { orchestrator } = await findSaga(call)
      const { limit = 100 } = call.query
      return { status: 200, body: { sagas: await orchestrator.listStuck({ limit }) } }
    }),
    route(api.retrySaga, async (call) => {
      const { orchestrator } = await findSaga(call)
      return serve(async () => {
        await orchestrator.retry(call.param('id'))
        return shown(call, 202)
      })
    }),
    route(api.skipSagaStep, async (call) => {
      const { orchestrator } = await findSaga(call)
      return serve(async () => {
        await orchestrator.skip(call.param('id'), call.body.reason)
        return shown(call, 202)
      })
    }),
  ]
}

async function shown(call: Call, status: number): Promise<Answer> {
  const { orchestrator } = await findSaga(call)
  return serve(async () => {
    const found = await orchestrator.inspect(call.param('id'))
    if (found === null) throw notFound('saga')
    return { status, body: found }
  })
}
