/** Failures that come before a request is sent, as Node and Bun name them; the others name none. */
const NEVER_SENT =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT|CERT_\w+|INVALID_(?:CA|PURPOSE)|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH|ERR_TLS_CERT_ALTNAME_INVALID|ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL|UNABLE_TO_\w+|\w*SELF_SIGNED\w*|ConnectionRefused|FailedToOpenSocket)$/

/** Whether a request failed before anything of it left. */
export function wasNeverSent(error: unknown): boolean {
  let inner = error
  for (let depth = 0; depth < 4 && typeof inner === 'object' && inner !== null; depth++) {
    const { code, syscall }: { readonly code?: unknown; readonly syscall?: unknown } = inner
    if (syscall === 'connect' || (typeof code === 'string' && NEVER_SENT.test(code))) return true
    inner = 'cause' in inner ? inner.cause : null
  }
  return false
}
