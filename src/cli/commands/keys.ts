import type { ApiKey, NewApiKey } from '../../client/index.ts'
import type { Command } from '../command.ts'
import { forEachId } from '../for-each-id.ts'
import { listEntries } from '../list-entries.ts'
import { shownInstant } from '../printable.ts'

const MOST_REQUESTS = 1_000_000
const DAY_MS = 86_400_000

/** API keys. */
export const KEY_COMMANDS: readonly Command[] = [
  {
    name: 'keys create',
    summary: 'Create an API key, which is shown this once',
    args: ['<label>'],
    options: ['scope', 'expires-in', 'requests-per-minute', 'operator'],
    async run({ client, args: [label = ''], options, output, signal }) {
      // Which there are is for the gateway to say.
      const scopes = options.texts('scope') as NonNullable<NewApiKey['scopes']>
      const expiresIn = options.duration('expires-in', 1, 36_500 * DAY_MS)
      const requestsPerMinute = options.integer('requests-per-minute', 1, MOST_REQUESTS)
      const made = await client.keys.create(
        {
          label,
          ...(scopes.length > 0 && { scopes }),
          ...(expiresIn !== undefined && { expiresIn }),
          ...(requestsPerMinute !== undefined && { requestsPerMinute }),
          ...(options.has('operator') && { operator: true }),
        },
        { signal },
      )
      await output.result(made, made.key)
      if (!output.isJson)
        await output.note(
          `Key ${made.id} may ${made.scopes.join(', ')}, expires: ${shownInstant(made.expiresAt)}. It is not shown again`,
        )
      return true
    },
  },
  {
    name: 'keys list',
    summary: 'List the API keys of the tenant, or of operators',
    args: [],
    options: ['limit', 'operator'],
    run: async (context) =>
      listEntries<unknown, ApiKey>(
        context,
        {
          id: ({ id }) => id,
          label: ({ label }) => label,
          scopes: ({ scopes }) => scopes.join(' '),
          created: ({ createdAt }) => shownInstant(createdAt),
          expires: ({ expiresAt }) => shownInstant(expiresAt),
          'last used': ({ lastUsedAt }) => shownInstant(lastUsedAt),
        },
        (limit) =>
          context.client.keys.list(
            { limit, ...(context.options.has('operator') && { operators: 'true' as const }) },
            { signal: context.signal },
          ),
      ),
  },
  {
    name: 'keys revoke',
    summary: 'Revoke API keys: they are refused within seconds',
    args: ['<id>...'],
    options: ['operator'],
    async run(context) {
      const { client, args, options, signal } = context
      const whose = options.has('operator') ? { operators: 'true' as const } : {}
      return forEachId(context, args, ['Revoking', 'keys'], async (id) => {
        await client.keys.revoke({ id, ...whose }, { signal })
        return [{ id, revoked: true }, `${id}  revoked`, true]
      })
    },
  },
]
