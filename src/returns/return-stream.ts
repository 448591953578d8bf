import type { StreamDefinition } from '../events/stream-definition.ts'

export const returnStreamType = 'return'

/** The stream of a return: what has happened to it. */
export const returnStream: StreamDefinition = {
  type: returnStreamType,
  heads: 'select return_id as stream_id, version, updated_at from returns',
  addressOf: returnId => `/api/returns/${returnId}`,
}
