import * as z from 'zod/mini'
import { lazily } from '../http/lazily.ts'
import { named } from './shapes.ts'

export const StartedReplay = lazily(() => named('StartedReplay', z.object({ jobId: z.string() })))
export const perSecond = lazily(() => ({ perSecond: z.optional(z.number()) }))

export const webhooksRead = { scope: 'webhooks:read', portal: true } as const
export const webhooksWrite = { scope: 'webhooks:write', portal: true, audit: true } as const
