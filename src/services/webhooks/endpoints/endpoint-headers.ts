const MAX_HEADERS = 20
const MAX_VALUE_CHARACTERS = 1024

/** Names without `x-` that carry a receiver's own credential. */
const CREDENTIAL = /^(?:authorization|apikey|(?:[a-z0-9]+-)+(?:key|token|secret|password))$/

/**
 * What a name may not speak of, as one of its words: where a request comes from or goes to, who is
 * behind it, what a proxy or a framework should do with it, and signatures.
 */
const TRUSTED_WORDS = new Set(
  [
    'accel act addr address assertion authenticated behalf bypass cert certificate clientip',
    'connecting cookie csrf debug dest destination dn forward forwarded forwardedfor groups',
    'hmac host hostname identity impersonate internal ip masquerade metadata method middleware',
    'origin original originating override path port principal proto protocol proxy purge real',
    'realip remote remoteip requested rewrite role roles route runas scheme sec sendfile',
    'signature ssl subrequest sudo svix tls trusted upstream uri url user username verified',
    'verify via wap xsrf',
  ].flatMap((words) => words.split(' ')),
)

/**
 * Whose machinery reads names that begin with its own: clouds, their proxies and their metadata.
 */
const PLATFORMS = new Set(
  [
    'akamai alibaba aliyun amz amzn appengine arr aws azure cdn cf cloud cloudflare',
    'cloudscheduler cloudtasks consul envoy fastly fly gcp goog google heroku ibm istio k8s',
    'kubernetes ms netlify nextjs nf nginx oci openstack oracle railway render varnish vault',
    'vercel',
  ].flatMap((words) => words.split(' ')),
)

/**
 * Checks headers that an endpoint's owner wants added to each request: `authorization`, names that
 * begin with `x-`, and names that end in `-key`, `-token`, `-secret` or `-password`. Of these none
 * that receivers, proxies or clouds trust. So what is not thought of is refused rather than sent.
 *
 * @returns The headers with names in lower case, or what is wrong with them; never a value
 */
export function readCustomHeaders(
  headers: Readonly<Record<string, string>>,
):
  | { readonly ok: true; readonly headers: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly fault: string } {
  const entries = Object.entries(headers)
  if (entries.length > MAX_HEADERS)
    return { ok: false, fault: `there are ${entries.length}, at most ${MAX_HEADERS} are allowed` }
  const checked = new Map<string, string>()
  for (const [given, value] of entries) {
    const name = given.toLowerCase()
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/.test(name))
      return { ok: false, fault: 'a name is no header name' }
    if (isReserved(name)) return { ok: false, fault: `${name} is reserved` }
    if (checked.has(name)) return { ok: false, fault: `${name} is there twice` }
    if (
      typeof value !== 'string' ||
      value.length > MAX_VALUE_CHARACTERS ||
      !/^[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?$/.test(value)
    )
      return {
        ok: false,
        fault: `the value of ${name} is not 1 to ${MAX_VALUE_CHARACTERS} printable ASCII characters`,
      }
    checked.set(name, value)
  }
  return { ok: true, headers: Object.fromEntries(checked) }
}

function isReserved(name: string): boolean {
  // Whoever reads headers as CGI does takes `_` and other characters for `-`.
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) return true
  const words = name.split('-')
  if (words[0] !== 'x' && (!CREDENTIAL.test(name) || words[0] === 'webhook')) return true
  const [owner = ''] = words[0] === 'x' ? words.slice(1) : words
  return PLATFORMS.has(owner) || words.some((word) => TRUSTED_WORDS.has(word))
}
