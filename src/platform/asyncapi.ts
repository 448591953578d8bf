import { nameSchemas, publishSchemas } from './json-schema.ts'

type Json = Record<string, unknown>

/** A message of a channel. */
export type Message = {
  /** Unique in the document: of A-Z a-z 0-9 . _ - */
  name: string
  title: string
  summary: string
  contentType: string
  /** The schema of its headers. */
  headers?: object
  /** What its key is; only on Kafka. */
  key?: string
  /** The schema of its content. */
  payload: object
  examples: { headers?: object; payload: unknown }[]
}

const servers = {
  kafka: {
    host: '{brokers}',
    protocol: 'kafka',
    description: 'Your Kafka',
    variables: { brokers: { default: 'localhost:9092', description: 'KAFKA_BROKERS' } },
  },
  http: {
    host: '{host}',
    protocol: 'http',
    description: 'The service',
    variables: { host: { default: 'localhost:8080', description: 'SERVER_HOST and SERVER_PORT' } },
    security: [{ $ref: '#/components/securitySchemes/key' }],
  },
  receiver: {
    host: '{receiver}',
    protocol: 'https',
    description: 'Yours: the URL of a webhook',
    variables: { receiver: { default: 'receiver.example' } },
  },
}

const license = { name: 'MIT', url: 'https://opensource.org/license/mit' }

/** A channel, and what the service does with it. */
export type Channel = {
  /** Unique in the document. */
  name: string
  /** The topic, or the path; undefined where each receiver has its own. */
  address: string | undefined
  /** The parameters of the path, in braces. */
  parameters?: Json
  server: keyof typeof servers
  /** What the service does. */
  action: 'send' | 'receive'
  title: string
  description: string
  /** The HTTP method. */
  method?: 'GET' | 'POST'
  messages: readonly Message[]
}

/** Builds the AsyncAPI 3 document of channels; messages refer to their schemas among `schemas`. */
export function buildAsyncApi(options: {
  title: string
  version: string
  description: string
  channels: readonly Channel[]
  schemas: Json
}): Json {
  const { title, version, description, channels, schemas } = options
  const tags = [...new Set(channels.map(({ server }) => server))].map(name => ({
    name,
    description: servers[name].description,
  }))
  const messages = new Map(channels.flatMap(channel => channel.messages.map(message => [message.name, message])))
  const named = new Map<string, Json>()
  const nameIn = (part: Json) => nameSchemas(publishSchemas(part), named) as Json
  const componentMessages = nameIn(
    Object.fromEntries([...messages].map(([name, message]) => [name, describeMessage(message)])),
  )
  const componentSchemas = nameIn(schemas)
  return publishSchemas({
    asyncapi: '3.0.0',
    info: { title, version, description, license, tags },
    defaultContentType: 'application/json',
    servers,
    channels: Object.fromEntries(channels.map(channel => [channel.name, describeChannel(channel)])),
    operations: Object.fromEntries(
      channels.map(channel => [`${channel.action}-${channel.name}`, describeOperation(channel)]),
    ),
    components: {
      messages: componentMessages,
      schemas: { ...componentSchemas, ...Object.fromEntries(named) },
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An API key; needed when keys exist' } },
    },
  })
}

function describeChannel({ address, parameters, server, title, description, messages }: Channel): Json {
  return {
    ...(address === undefined ? {} : { address }),
    title,
    description,
    servers: [{ $ref: `#/servers/${server}` }],
    ...(parameters === undefined ? {} : { parameters }),
    messages: Object.fromEntries(messages.map(({ name }) => [name, { $ref: `#/components/messages/${name}` }])),
  }
}

function describeOperation({ name, action, title, description, method }: Channel): Json {
  const bindings = method === undefined ? {} : { bindings: { http: { method, bindingVersion: '0.3.0' } } }
  return { action, channel: { $ref: `#/channels/${name}` }, summary: title, description, ...bindings }
}

function describeMessage({ key, ...message }: Message): Json {
  if (key === undefined) return message
  const kafka = { key: { type: 'string', description: key }, bindingVersion: '0.5.0' }
  return { ...message, bindings: { kafka } }
}
