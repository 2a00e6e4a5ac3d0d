import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { startLocalGateway } from '../../examples/gateway/local-gateway.ts'

/** The gateway somewhere. */
export interface RunningGateway {
  readonly url: string
  /** Ends it in order. @returns The code that it ended with */
  stop(): Promise<number | null>
}

/** @param state A folder that it may keep things in */
export type StartGateway = (
  state: string,
  variables: Readonly<Record<string, string>>,
) => Promise<RunningGateway>

/** How the gateway is started on each runtime, with this root key. */
export function gatewayStarts(key: string) {
  return {
    workerd: workerd(key),
    node: server(key, process.execPath, [], 'node'),
    bun: server(key, 'bun', [], 'bun'),
    deno: server(key, 'deno', ['run', '-A', '--quiet'], 'deno'),
  }
}

function server(
  key: string,
  program: string,
  args: readonly string[],
  example: string,
): StartGateway {
  return async (state, variables) => {
    const file = join(import.meta.dirname, `../../examples/${example}/server.ts`)
    const child = spawn(program, [...args, '--conditions=white-cross-source', file], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        REDIS_URL: undefined,
        ...variables,
        ROOT_KEY_SHA256: createHash('sha256').update(key).digest('hex'),
        PORT: '0',
        DATABASE: join(state, 'gateway.db'),
        FILES: join(state, 'files'),
      },
    })
    const ended = once(child, 'exit')
    for await (const line of createInterface(child.stdout)) {
      const port = /^Gateway on http:\/\/localhost:(\d+)/.exec(line)?.[1]
      if (port === undefined) continue
      // Whatever it says from now on is not waited for.
      child.stdout.resume()
      return {
        url: `http://127.0.0.1:${port}`,
        async stop() {
          child.kill('SIGTERM')
          await ended
          return child.exitCode
        },
      }
    }
    throw new Error(`Cannot start the server: it ended with code ${child.exitCode}`)
  }
}

const workerd =
  (key: string): StartGateway =>
  async (state, variables) => {
    const { url, stop } = await startLocalGateway({ key, stateFolder: state, variables })
    return {
      url,
      async stop() {
        await stop()
        return 0
      },
    }
  }
