import { Agent } from 'agents'
import { answer, work, type Order } from './tally.ts'

/** The peer's queue, filled within its object: one call for all jobs. */
export class PeerAgentObject extends Agent {
  async add({ count, payload }: Order): Promise<void> {
    for (let index = 0; index < count; index++) await this.queue('send', payload)
  }

  async send(): Promise<void> {
    work()
  }
}

interface Bindings {
  readonly PeerAgentObject: {
    getByName(name: string): Pick<PeerAgentObject, 'add'>
  }
}

export default {
  fetch(request: Request, env: Bindings): Promise<Response> {
    const agent = env.PeerAgentObject.getByName('burn')
    return answer(request, (order) => agent.add(order))
  },
}
