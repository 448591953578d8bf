import { signal } from '@preact/signals'
import { ask, request } from '../platform/api.ts'
import { PagedList } from '../platform/paged.ts'
import type { Key, MadeKey } from './key.ts'

/** The API keys, and what is done to them. */
export class KeysModel {
  readonly list = new PagedList<Key>('/api/keys')
  /** Whether callers need a key now; undefined until that is known. */
  readonly isNeeded = signal<boolean | undefined>(undefined)

  async load(): Promise<void> {
    // One after the other, so that the user is asked for a key once; the list shows a failure.
    await this.list.renew()
    if (this.list.failure.peek() !== undefined) return
    const system = await ask<{ needs_key: boolean }>('/api/system').catch(() => undefined)
    this.isNeeded.value = system?.needs_key
  }

  /** @throws Refusal */
  create(name: string, scopes: readonly string[]): Promise<MadeKey> {
    return ask<MadeKey>('/api/keys', { method: 'POST', body: { name, scopes } })
  }

  /** @throws Refusal */
  async revoke({ id }: Key): Promise<void> {
    await request(`/api/keys/${id}`, { method: 'DELETE' })
  }
}
