/** Where a project of Sentry takes events. */
export interface SentryTarget {
  readonly url: string
  readonly host: string
  /** The value of `x-sentry-auth`. */
  readonly auth: string
}

/**
 * Reads a DSN: `https://<key>@<host>/<path>/<project>`.
 *
 * @throws TypeError when it is none; it is not shown, since it may hold a secret
 */
export function readDsn(dsn: string): SentryTarget {
  const [, protocol, key, host, path, project] =
    /^(https?:\/\/)(\w+)(?::\w*)?@([^/@?#]+)((?:\/[^/?#]+)*)\/(\w+)\/?$/.exec(dsn) ?? []
  if (project === undefined)
    throw new TypeError(
      'Cannot create Sentry client: dsn is none, as "https://key@host/1" expected',
    )
  return {
    url: `${protocol}${host}${path}/api/${project}/envelope/`,
    host: `${host}`,
    auth: `Sentry sentry_version=7, sentry_client=white-cross-reuse/1, sentry_key=${key}`,
  }
}
