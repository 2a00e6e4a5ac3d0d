/** Sends one HTTP request: the platform's `fetch`, or anything shaped like it. */
export type FetchClient = (url: string, init: RequestInit) => Promise<Response>

/** The platform's own `fetch`. */
export const systemFetch: FetchClient = (url, init) => fetch(url, init)
