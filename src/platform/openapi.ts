import type { Route } from './http.ts'
import { isKept, keyForm, keyHeader, replayedHeader } from './idempotency/idempotency.ts'
import { nameSchemas, publishSchemas } from './json-schema.ts'
import { problem } from './view.ts'

type Json = Record<string, unknown>

/** An answer with a problem document. */
export function problemAnswer(description: string): Json {
  return { description, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } }
}

/** An answer with JSON, or another media type. */
export function answer(description: string, schema: object, type = 'application/json', headers?: Json): Json {
  return { description, content: { [type]: { schema } }, ...(headers === undefined ? {} : { headers }) }
}

/** The `Link` header of a page. */
const link = {
  description: 'The next page, as RFC 8288 has it: <address>; rel="next". Left out on the last page',
  schema: { type: 'string' },
}

/** An answer with a page of a list. */
export function pageAnswer(description: string, items: object, headers?: Json): Json {
  return answer(description, { type: 'array', items }, 'application/json', { Link: link, ...headers })
}

/**
 * The schema of JSON lines. OpenAPI 3.1 cannot describe a sequence, and generators that expect a single object would fail at the
 * second line: to them it is text.
 */
export function linesOf(line: object, description: string): Json {
  return {
    type: 'string',
    format: 'binary',
    contentMediaType: 'application/x-ndjson',
    contentSchema: line,
    description,
  }
}

const keyParameter = {
  name: keyHeader,
  in: 'header',
  description:
    'Makes the request safe to repeat: for 24 hours the same request with the same key gets the first answer again',
  schema: { type: 'string', pattern: keyForm.source },
}

function keyParametersOf({ idempotent, needsKey }: Route): Json[] {
  if (idempotent !== true) return []
  return [needsKey === true ? { ...keyParameter, required: true } : keyParameter]
}

/**
 * Whether a success is JSON lines only. Clients of oapi-codegen parse every response whose media type contains "json" as the default
 * one where no other fits, so there must be no default beside lines.
 */
function isLinesOnly(responses: Json): boolean {
  const { content = {} } = (responses[200] ?? {}) as { content?: Json }
  return Object.keys(content).every(type => type === 'application/x-ndjson') && 'application/x-ndjson' in content
}

/** Adds what an idempotent route answers beside its own: refusals of keys, and the header of replayed responses. */
function withReplays(responses: Json): Json {
  const replayed = {
    [replayedHeader]: { description: 'The answer was given before', schema: { type: 'string', enum: ['true'] } },
  }
  const own = Object.entries(responses as Record<string, Json>).map(([status, response]) => {
    const marked = { ...response, headers: { ...(response.headers as Json | undefined), ...replayed } }
    return [status, isKept(Number(status)) ? marked : response] as const
  })
  const { 409: conflict, ...others } = Object.fromEntries(own) as Record<string, Json>
  const inUse = `the first request with this ${keyHeader} is still running`
  return {
    400: problemAnswer('A header is not valid'),
    ...others,
    409:
      conflict === undefined
        ? problemAnswer(`T${inUse.slice(1)}`)
        : { ...conflict, description: `${conflict.description}; or ${inUse}` },
    422: problemAnswer(`Another request was sent with this ${keyHeader}`),
  }
}

/** A query parameter that takes one or several values. */
export function severalOf(items: object, description = 'One or several, with commas'): Json {
  return { description, style: 'form', explode: false, schema: { type: 'array', items } }
}

/** Query parameters by name, each with its description and schema. */
export function queryParameters(parameters: Readonly<Record<string, Json>>): Json[] {
  return Object.entries(parameters).map(([name, parameter]) => ({ name, in: 'query', ...parameter }))
}

/** Describes the operation of a route: its own description, and what follows from its path, scope and idempotency. */
function describeOperation(route: Route): Json {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(match => ({
    name: match[1],
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const { parameters = [], responses = {}, ...operation } = route.operation as { parameters?: Json[]; responses?: Json }
  const isPublic = route.scope === 'public'
  const all = [...inPath, ...parameters, ...keyParametersOf(route)]
  return {
    ...operation,
    ...(all.length === 0 ? {} : { parameters: all }),
    security: isPublic ? [] : [{ key: [route.scope] }],
    responses: {
      ...(route.idempotent === true ? withReplays(responses) : responses),
      ...(isPublic
        ? {}
        : { 401: problemAnswer('No key, or an unknown one'), 403: problemAnswer(`The key lacks ${route.scope}`) }),
      ...(isLinesOnly(responses) ? {} : { default: problemAnswer('Any other error') }),
    },
  }
}

/**
 * Builds the OpenAPI 3.1 document of the routes that have an operation. Parameters of the path, the scope, what an idempotent route
 * takes and gives, and the answers that any route can give are added here, so that no route can leave them out.
 */
export function buildOpenApi(options: {
  title: string
  version: string
  description: string
  /** What the tags of operations group, by tag. */
  tags: Readonly<Record<string, string>>
  routes: readonly Route[]
}): Json {
  const paths: Record<string, Json> = {}
  for (const route of options.routes) {
    if (route.operation === undefined) continue
    const path = route.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describeOperation(route) }
  }
  const named = new Map<string, Json>()
  const nameIn = (part: Json) => nameSchemas(publishSchemas(part), named) as Json
  const schemas = nameIn({ Problem: problem })
  return {
    openapi: '3.1.0',
    info: {
      title: options.title,
      version: options.version,
      description: options.description,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    // Relative to the document's own address, /api/openapi.json, wherever a proxy serves that.
    servers: [{ url: '..', description: 'The service that served this document' }],
    tags: Object.entries(options.tags).map(([name, description]) => ({ name, description })),
    paths: nameIn(paths),
    components: {
      schemas: { ...schemas, ...Object.fromEntries(named) },
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An API key; needed when keys exist' } },
    },
  }
}

/** Adds JSON lines to a response, for clients that accept them. */
export function withLines(response: Json, lines: Json): Json {
  return { ...response, content: { ...(response.content as Json), 'application/x-ndjson': { schema: lines } } }
}
