import { Actor } from '@cloudflare/actors'
import { answer, work, type Order } from './tally.ts'

/** Its alarms go by whole seconds: one that is due now would wait for the next that is not. */
const SOON_S = 1

/** The peer's alarms, set within its object: one call for all jobs. */
export class PeerActorObject extends Actor<unknown> {
  async add({ count, payload }: Order): Promise<void> {
    for (let index = 0; index < count; index++) await this.alarms.schedule(SOON_S, 'send', payload)
  }

  send(): void {
    work()
  }
}

interface Bindings {
  readonly PeerActorObject: { getByName(name: string): Pick<PeerActorObject, 'add'> }
}

export default {
  fetch(request: Request, env: Bindings): Promise<Response> {
    const actor = env.PeerActorObject.getByName('burn')
    return answer(request, (order) => actor.add(order))
  },
}
