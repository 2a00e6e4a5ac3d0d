/** @returns Whether `text` is a plain HTTPS URL of SNS itself, with a path that fits */
export function isSnsUrl(text: string, path: RegExp): boolean {
  const url = URL.parse(text)
  return (
    url !== null &&
    url.protocol === 'https:' &&
    /^sns\.[a-z0-9-]{1,32}\.amazonaws\.com(\.cn)?$/.test(url.host) &&
    url.username === '' &&
    url.password === '' &&
    path.test(url.pathname)
  )
}
