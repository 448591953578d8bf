import type { CreatedKey, ListedKey } from '../../src/access/views.ts'

/** An API key as the API lists it. */
export type Key = ListedKey

/** The answer that has a new key, this once; only a repetition of the request would get none. */
export type MadeKey = CreatedKey & { key: string }

/** What a key can be allowed, as the service names it. */
export const scopes = [
  'orders:read',
  'orders:write',
  'payments:write',
  'inventory:write',
  'deliveries:write',
  'admin',
] as const
