/** Of nobody's gateway: it keeps no more than a benchmark leaves. */
export const ROOT_KEY = 'wcr_root_of_a_benchmark_and_of_nothing_else'

/** The gateway's variables, with limits that nobody meets. */
export const VARIABLES = {
  ROOT_KEY_SHA256: 'c7f34307d44dc56a03daf0b4005209601fbe6307429db33fbfc1951b42f89b02',
  REQUESTS_PER_MINUTE: '999999999',
  TENANT_REQUESTS_PER_MINUTE: '999999999',
}
