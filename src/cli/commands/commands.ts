import type { Command } from '../command.ts'
import { FILE_COMMANDS } from './files.ts'
import { JOB_COMMANDS } from './jobs.ts'
import { KEY_COMMANDS } from './keys.ts'
import { LISTEN_COMMAND } from './listen.ts'
import { TAIL_COMMAND } from './tail.ts'
import { WEBHOOK_COMMANDS } from './webhooks.ts'

/** Every command, in the order of help. */
export const COMMANDS: readonly Command[] = [
  ...JOB_COMMANDS,
  ...WEBHOOK_COMMANDS,
  LISTEN_COMMAND,
  ...FILE_COMMANDS,
  TAIL_COMMAND,
  ...KEY_COMMANDS,
]
