import { suite, type Suite } from '../../suite.ts'
import { observeLaws } from './observe-laws.ts'
import { observeWorkLaws } from './observe-work-laws.ts'

/** What logging promises without a backend. */
export function observingSuites(): readonly Suite[] {
  return [suite('observe', 'pure', [...observeLaws, ...observeWorkLaws], undefined)]
}
