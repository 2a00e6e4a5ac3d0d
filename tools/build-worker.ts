/**
 * What wrangler runs before it bundles the Worker: compiles the library, unless its source is to be bundled as it is, as
 * `npm start` does.
 */
const conditions = process.env['WRANGLER_BUILD_CONDITIONS'] ?? ''
if (!conditions.split(',').includes('white-cross-source')) await import('./build.ts')

export {}
