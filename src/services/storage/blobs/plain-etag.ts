/**
 * @returns An etag without quotes, as they are here; whoever took one from a header may leave them
 *   on
 */
export function plainEtag<Given extends string | undefined>(etag: Given): Given
export function plainEtag(etag: string | undefined): string | undefined {
  return etag?.replace(/^(?:W\/)?"(.*)"$/, '$1')
}
