import * as z from 'zod/mini'
import { observationOf } from '@white-cross/reuse/infrastructure/logging'
import type { Context } from 'hono'
import * as api from '../../contract/operations.ts'
import { admit } from '../../http/admitted.ts'
import { refusalOf } from '../../http/authorize.ts'
import type { Operation } from '../../http/operation.ts'
import { ProblemError } from '../../http/problem.ts'
import { readJsonBody, type BodyLimits } from '../../http/read-body.ts'
import { route, type Call, type Route } from '../../http/route.ts'
import type { McpServing, refuseMessage } from '../../mcp/serve-message.ts'
import { toolRequest } from '../../mcp/tool-request.ts'
import type { Tool } from '../../mcp/tools.ts'

/** What agents are served with. */
export interface McpOptions {
  /** Every operation that is served. */
  readonly operations: () => readonly Operation[]
  /** The gateway itself. */
  readonly fetch: (request: Request, c: Context) => Response | Promise<Response>
  readonly bodies: BodyLimits
  /** Whose pages may call it; `*` for all. */
  readonly corsOrigins: readonly string[]
}

type ToolResult = Awaited<ReturnType<McpServing['call']>>

/**
 * `/mcp`: Streamable HTTP without sessions or streams. A tool is called by a request to its own route,
 * where all is asked that is asked of anybody; that it is made at all was counted here.
 */
export function mcpRoutes(options: McpOptions): readonly Route[] {
  let tools: Promise<readonly Tool[]> | undefined
  const makeTools = async (): Promise<readonly Tool[]> => {
    const { toolsOf } = await import('../../mcp/tools.ts')
    return toolsOf(options.operations())
  }
  return [
    route(api.mcp, async (call) => {
      const { c, caller } = call
      checkOrigin(c, options.corsOrigins)
      const { serveMessage, refuseMessage: refuse } = await import('../../mcp/serve-message.ts')
      const message = await readMessage(c, options.bodies, refuse)
      if (message instanceof Response) return message
      const all = await (tools ??= makeTools())
      const failures: unknown[] = []
      const response = await serveMessage(c.req.raw, message, {
        tools: all,
        listed: all.filter((tool) => refusalOf(tool.operation.policy, caller) === undefined),
        async call(tool, given) {
          try {
            return await callTool(tool, given, call, options)
          } catch (error) {
            failures.push(error)
            throw error
          }
        },
      })
      // What the SDK would answer with its message is a fault of ours, and goes into the log.
      for (const failure of failures) throw failure
      return response
    }),
  ]
}

/** A page of a stranger's that has got hold of a key is not let through, as the protocol demands. */
function checkOrigin(c: Context, origins: readonly string[]): void {
  const origin = c.req.header('origin')
  if (origin === undefined || origins.includes('*') || origins.includes(origin)) return
  if (origin !== new URL(c.req.url).origin)
    throw new ProblemError(403, 'wrong_origin', 'Pages of this origin may not call the gateway')
}

/** @returns What the body says, or the answer of JSON-RPC that it is no message */
async function readMessage(
  c: Context,
  bodies: BodyLimits,
  refuse: typeof refuseMessage,
): Promise<Readonly<Record<string, unknown>> | Response> {
  try {
    const { value } = await readJsonBody(c.req.raw, z.unknown(), bodies)
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return refuse(400, -32_600, 'One message expected, as an object')
    return { ...value }
  } catch (error) {
    if (error instanceof ProblemError && error.code.endsWith('_json'))
      return refuse(400, -32_700, error.message)
    throw error
  }
}

async function callTool(
  tool: Tool,
  given: Readonly<Record<string, unknown>>,
  { c, caller, tenant }: Call,
  { fetch }: McpOptions,
): Promise<ToolResult> {
  const { operation } = tool
  const isForTenant = caller.tenant === null && !('public' in operation.policy)
  try {
    const { target, body, contentType, idempotencyKey } = toolRequest(
      tool,
      given,
      isForTenant ? tenant : undefined,
    )
    const requestId = observationOf(c.req.raw)?.requestId
    const request = new Request(new URL(target, c.req.url), {
      method: operation.method,
      headers: {
        authorization: c.req.header('authorization') ?? '',
        ...(contentType !== null && { 'content-type': contentType }),
        ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
        ...(requestId !== undefined && { 'x-request-id': requestId }),
      },
      ...(body !== null && { body }),
    })
    admit(request, caller)
    const response = await fetch(request, c)
    const value = (await response.json()) as Readonly<Record<string, unknown>>
    if (response.status in operation.answers) return resultOf(value)
    const { code, detail, status } = value
    return { ...resultOf({ code, detail, status }), isError: true }
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error
    const { code, message, status } = error
    return { ...resultOf({ code, detail: message, status }), isError: true }
  }
}

/** Whatever texts there are within, they are strings of JSON. */
function resultOf(value: Readonly<Record<string, unknown>>): ToolResult {
  return { content: [{ type: 'text', text: JSON.stringify(value) }], structuredContent: value }
}
