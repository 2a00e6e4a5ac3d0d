import type { Caller } from '../access/caller.ts'
import type { Policy } from './operation.ts'
import { ProblemError } from './problem.ts'

/** A policy of what is not open to everybody. */
export type KeyPolicy = Exclude<Policy, { readonly public: string }>

/** @returns Why the caller may not, whatever tenant it is about; `undefined` if it may */
export function refusalOf(policy: Policy, caller: Caller): ProblemError | undefined {
  if ('public' in policy) return undefined
  if (caller.kind === 'portal' && policy.portal !== true)
    return new ProblemError(403, 'forbidden', 'A portal token is not for this')
  if (policy.tenant === 'operator' && caller.tenant !== null)
    return new ProblemError(403, 'forbidden', 'Only an operator may do this')
  if (policy.scope !== null && !caller.scopes.includes(policy.scope))
    return new ProblemError(403, 'missing_scope', `The credential lacks the scope ${policy.scope}`)
  return undefined
}

/** @throws ProblemError 403, which says what is missing */
export function authorize(policy: KeyPolicy, caller: Caller, named: string | undefined): void {
  const refusal = refusalOf(policy, caller)
  if (refusal !== undefined) throw refusal
  if (caller.tenant !== null && named !== undefined && named !== caller.tenant) throw wrongTenant()
}

/** What a tenant's key is told that names another one. */
export function wrongTenant(): ProblemError {
  return new ProblemError(403, 'wrong_tenant', 'The credential is of another tenant')
}
