import type { Context, Documents } from './module.ts'
import { buildAsyncApi } from './platform/asyncapi.ts'
import type { Route } from './platform/http.ts'
import { buildOpenApi } from './platform/openapi.ts'
import { version } from './version.ts'

/** The OpenAPI and AsyncAPI documents of all modules. */
export function buildDocuments({ modules, catalogue, value }: Context, routes: readonly Route[]): Documents {
  const openApi = buildOpenApi({
    title: 'Orders',
    version,
    description:
      'Orders in, durable, readable and published. Errors are RFC 9457 problem documents. A query parameter that is not ' +
      'known, given twice or empty is 400. Events and messages are described as AsyncAPI 3 at /api/asyncapi.json.',
    tags: Object.assign({}, ...modules.map(({ tags }) => tags)),
    routes,
  })
  const asyncApi = buildAsyncApi({
    title: 'Orders: events and messages',
    version,
    description: 'Orders and commands that come in by Kafka, and the events that go out by Kafka and live over HTTP.',
    channels: modules.flatMap(({ topics = [], channels }) => [
      ...topics.map(({ variable, channel }) => channel(value(variable), catalogue)),
      ...(channels?.(catalogue) ?? []),
    ]),
    schemas: Object.assign({}, ...modules.map(({ messageSchemas }) => messageSchemas?.(catalogue))),
  })
  return { openApi, asyncApi }
}
