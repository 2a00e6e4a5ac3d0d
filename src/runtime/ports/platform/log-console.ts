/** Takes lines, as the platform's console does. */
export interface LogConsole {
  log(line: string): void
  warn(line: string): void
  error(line: string): void
}

/** The platform's own console. */
export const systemConsole: LogConsole = {
  log: (line) => console.log(line),
  warn: (line) => console.warn(line),
  error: (line) => console.error(line),
}

/** Whether this is Cloudflare Workers, whose logs have a level by the method that wrote them. */
export function isWorkers(): boolean {
  return globalThis.navigator?.userAgent === 'Cloudflare-Workers'
}
