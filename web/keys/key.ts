/** An API key as the API lists it. */
export type Key = {
  id: string
  name: string
  scopes: string[]
  created_at: string
  revoked_at: string | null
  /** Whether this page uses it. */
  is_current: boolean
}

/** The answer that has a new key, this once. */
export type MadeKey = Key & { key: string }

/** What a key can be allowed, as the service names it. */
export const scopes = [
  'orders:read',
  'orders:write',
  'payments:write',
  'inventory:write',
  'deliveries:write',
  'admin',
] as const
