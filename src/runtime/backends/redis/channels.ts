import { callQuietly } from '../../../primitives/call-quietly.ts'
import type { ChannelSubscriber } from './subscriber.ts'

/** Channels of the server that are listened to while somebody listens here. */
export interface Channels {
  /**
   * Subscribes with the first listener of a channel and unsubscribes with its last.
   *
   * @param onMessage Hears what is said
   * @param onStanding Hears that the subscription stands (again): what was said before was missed
   * @returns Stops listening
   */
  listen(channel: string, onMessage: (message: string) => void, onStanding: () => void): () => void
}

interface Listener {
  readonly onMessage: (message: string) => void
  readonly onStanding: () => void
}

interface Channel {
  readonly name: string
  readonly onMessage: (message: string) => void
  readonly listeners: Set<Listener>
  isSubscribed: boolean
}

export function createChannels(subscriber: ChannelSubscriber): Channels {
  const channels = new Map<string, Channel>()
  // One after the other, so that the last word to the server is the last that was said.
  let told: Promise<void> = Promise.resolve()

  async function tell(channel: Channel): Promise<void> {
    const wanted = channel.listeners.size > 0
    if (wanted === channel.isSubscribed) return
    try {
      if (wanted) await subscriber.subscribe(channel.name, channel.onMessage)
      else await subscriber.unsubscribe(channel.name)
      channel.isSubscribed = wanted
      if (wanted) for (const { onStanding } of [...channel.listeners]) callQuietly(onStanding)
      else if (channel.listeners.size === 0) channels.delete(channel.name)
    } catch {
      // Who listens looks on its own meanwhile; it is tried again when the connection is back.
    }
  }

  function update(channel: Channel): void {
    told = told.then(() => tell(channel))
  }

  function channelOf(name: string): Channel {
    const known = channels.get(name)
    if (known !== undefined) return known
    const listeners = new Set<Listener>()
    const onMessage = (message: string): void => {
      for (const listener of [...listeners]) callQuietly(() => listener.onMessage(message))
    }
    const channel = { name, onMessage, listeners, isSubscribed: false }
    channels.set(name, channel)
    return channel
  }

  subscriber.onReady(() => {
    for (const channel of channels.values()) {
      channel.isSubscribed = false
      update(channel)
    }
  })

  return {
    listen(name, onMessage, onStanding) {
      const channel = channelOf(name)
      const listener = { onMessage, onStanding }
      channel.listeners.add(listener)
      if (channel.isSubscribed) callQuietly(onStanding)
      else if (channel.listeners.size === 1) update(channel)
      return () => {
        if (channel.listeners.delete(listener) && channel.listeners.size === 0) update(channel)
      }
    },
  }
}
