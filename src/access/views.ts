import { type Static, Type } from 'typebox'
import { extended, listOf, nullable, time } from '../platform/view.ts'

/** API keys as they are answered. */

/** @param scopes those that a key can have */
export function keyViews(scopes: readonly string[]) {
  const listed = Type.Object(
    {
      id: Type.String({ format: 'uuid' }),
      name: Type.String(),
      scopes: listOf(Type.Enum([...scopes], { title: 'Scope' })),
      created_at: time(),
      revoked_at: nullable(time()),
      is_current: Type.Boolean({ description: 'Whether the request was sent with it' }),
    },
    { title: 'ApiKey', description: 'An API key, without what it is' },
  )
  const key = nullable(Type.String(), {
    description: 'The key, this once; null in an answer that was given before, since it is not kept',
  })
  return {
    listed,
    created: extended(listed, { key }, { title: 'CreatedApiKey', description: 'An API key that was made' }),
  }
}

export type KeyViews = ReturnType<typeof keyViews>
export type ListedKey = Static<KeyViews['listed']>
export type CreatedKey = Static<KeyViews['created']>
