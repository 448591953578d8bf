import type { CreatedKey, ListedKey } from '../../src/access/views.ts'

/** An API key as the API lists it. */
export type Key = ListedKey

/** The response that shows a new key once; a repetition of the request gets none. */
export type MadeKey = CreatedKey & { key: string }

/** The scopes that a key can have. */
export const scopes = [
  'orders:read',
  'orders:write',
  'inventory:write',
  'payments:write',
  'carts:write',
  'deliveries:write',
  'admin',
] as const
