/**
 * Finds every address of a host name, IPv4 and IPv6.
 *
 * @returns The addresses; empty when the name has none
 * @throws Error when the answer could not be had: the caller then does not send
 */
export type HostResolver = (hostname: string, signal: AbortSignal) => Promise<readonly string[]>
