/**
 * Stands in the Worker for what the SDK of MCP loads on any platform: wrangler.toml names it as
 * `@modelcontextprotocol/server/_shims`. Its own has a validator of JSON Schema (22,000 characters)
 * for forms that a server asks a user to fill in, which no tool of ours does.
 */
export class DefaultJsonSchemaValidator {
  getValidator(): never {
    throw new Error('Cannot validate a form: the Worker has no validator, see mcp-shims.ts')
  }
}
