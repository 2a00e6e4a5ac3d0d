/**
 * A connected client of the caller's choice, known by the one method that is called: ioredis
 * (`call`), Bun's `RedisClient` (`send`), node-redis (`sendCommand`) or `@upstash/redis` (`eval`,
 * `evalsha`).
 *
 * A client that sends a command again after it lost the connection may carry out a commit twice;
 * that is safe for commits with checks and for jobs, and charges a rate limit once more.
 */
export type RedisConnection =
  | CallingConnection
  | SendingConnection
  | CommandingConnection
  | ClusterConnection
  | SentinelConnection
  | EvaluatingConnection

/** ioredis: `Redis` and `Cluster`. */
export interface CallingConnection {
  call(command: string, ...args: string[]): Promise<unknown>
}

/** Bun: `RedisClient`. */
export interface SendingConnection {
  send(command: string, args: string[]): Promise<unknown>
}

/** node-redis: what `createClient` makes. */
export interface CommandingConnection {
  sendCommand(args: string[]): Promise<unknown>
}

/** node-redis: what `createCluster` makes. */
export interface ClusterConnection {
  sendCommand(
    firstKey: string | undefined,
    isReadonly: boolean | undefined,
    args: string[],
  ): Promise<unknown>
  getSlotMaster(slot: number): unknown
}

/** node-redis: what `createSentinel` makes. */
export interface SentinelConnection {
  sendCommand(isReadonly: boolean | undefined, args: string[]): Promise<unknown>
  getSentinelNode(): unknown
}

/** `@upstash/redis`: `Redis`, with or without automatic deserialization. */
export interface EvaluatingConnection {
  eval(script: string, keys: string[], args: string[]): Promise<unknown>
  evalsha(sha1: string, keys: string[], args: string[]): Promise<unknown>
}

/** Runs one `EVAL` or `EVALSHA`. */
export type Evaluate = (
  command: 'EVAL' | 'EVALSHA',
  script: string,
  keys: readonly string[],
  args: readonly string[],
) => Promise<unknown>

/**
 * Finds out how `connection` takes commands.
 *
 * @throws TypeError when it is none of {@link RedisConnection}
 */
export function evaluatorOf(connection: RedisConnection): Evaluate {
  // ioredis has a sendCommand of its own kind, so `call` is asked for first.
  if (has(connection, 'call'))
    return (command, script, keys, args) =>
      connection.call(command, script, String(keys.length), ...keys, ...args)
  if (has(connection, 'send'))
    return (command, script, keys, args) =>
      connection.send(command, [script, String(keys.length), ...keys, ...args])
  // A cluster has to be told which key says where a command goes, and that it writes.
  if (has(connection, 'getSlotMaster'))
    return (command, script, keys, args) =>
      connection.sendCommand(keys[0], false, [
        ...[command, script, String(keys.length)],
        ...keys,
        ...args,
      ])
  if (has(connection, 'getSentinelNode'))
    return (command, script, keys, args) =>
      connection.sendCommand(false, [command, script, String(keys.length), ...keys, ...args])
  if (has(connection, 'sendCommand'))
    return (command, script, keys, args) =>
      connection.sendCommand([command, script, String(keys.length), ...keys, ...args])
  if (has(connection, 'evalsha') && has(connection, 'eval'))
    return (command, script, keys, args) =>
      command === 'EVAL'
        ? connection.eval(script, [...keys], [...args])
        : connection.evalsha(script, [...keys], [...args])
  throw new TypeError(
    'Cannot use Redis connection: it has no call, send, sendCommand or evalsha, a client of ioredis, Bun, node-redis or @upstash/redis expected',
  )
}

/** Whether calls arrive in the order in which they are made: over HTTP each goes its own way. */
export function keepsOrder(connection: RedisConnection): boolean {
  return has(connection, 'call') || has(connection, 'send') || has(connection, 'sendCommand')
}

function has<Name extends string>(
  connection: RedisConnection,
  name: Name,
): connection is Extract<RedisConnection, Readonly<Record<Name, unknown>>> {
  // Plain JavaScript may give an address instead, or the function that makes a client.
  const given: unknown = connection
  return (
    typeof given === 'object' && given !== null && typeof Reflect.get(given, name) === 'function'
  )
}
