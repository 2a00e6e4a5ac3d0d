export { exposeMetrics } from './expose-metrics.ts'
export { joinFamilies, readFamilies } from './join-families.ts'
export { negotiate } from './negotiate.ts'
