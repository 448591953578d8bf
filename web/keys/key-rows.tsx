import { Time } from '../parts/time.tsx'
import { keyTexts as words } from '../texts/keys.ts'
import type { Key } from './key.ts'

/** The keys that were made, newest first, those that are revoked too. */
export function KeyRows({ keys, revoke }: { keys: readonly Key[]; revoke: (key: Key) => void }) {
  return (
    <table class="rows keys-made">
      <thead>
        <tr>
          <th scope="col">{words.columns.name}</th>
          <th scope="col">{words.columns.scopes}</th>
          <th scope="col" class="when">
            {words.columns.made}
          </th>
          <th scope="col" class="act">
            <span class="hidden">{words.revoke}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {keys.map(key => (
          <tr key={key.id} class={key.revoked_at === null ? '' : 'over'}>
            <td class="what">
              {key.name} {key.is_current && <span class="tag tone-active">{words.current}</span>}
            </td>
            <td class="types">
              {key.scopes.map(scope => (
                <span key={scope} class="tag">
                  {scope}
                </span>
              ))}
            </td>
            <td class="when">
              <Time at={key.created_at} />
            </td>
            <td class="act">
              {key.revoked_at === null ? (
                <button
                  type="button"
                  class="danger-quiet small"
                  aria-label={words.revokeLabel(key.name)}
                  data-row
                  onClick={() => revoke(key)}
                >
                  {words.revoke}
                </button>
              ) : (
                <span class="faint">
                  {words.revoked} <Time at={key.revoked_at} />
                </span>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
