import { Time } from '../parts/time.tsx'
import type { Key } from './key.ts'
import { texts } from './texts.ts'

/** Lists the keys, newest first, revoked ones included. */
export function KeyRows({ keys, revoke }: { keys: readonly Key[]; revoke: (key: Key) => void }) {
  return (
    <table class="rows key-rows">
      <thead>
        <tr>
          <th scope="col">{texts.columns.name}</th>
          <th scope="col">{texts.columns.scopes}</th>
          <th scope="col" class="when">
            {texts.columns.created}
          </th>
          <th scope="col" class="act">
            <span class="hidden">{texts.revoke}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {keys.map(key => (
          <KeyRow key={key.id} subject={key} revoke={() => revoke(key)} />
        ))}
      </tbody>
    </table>
  )
}

function KeyRow({ subject, revoke }: { subject: Key; revoke: () => void }) {
  return (
    <tr class={subject.revoked_at === null ? '' : 'over'}>
      <td class="what">
        {subject.name} {subject.is_current && <span class="tag tone-active">{texts.current}</span>}
      </td>
      <td class="types">
        {subject.scopes.map(scope => (
          <span key={scope} class="tag">
            {scope}
          </span>
        ))}
      </td>
      <td class="when">
        <Time at={subject.created_at} />
      </td>
      <td class="act">
        {subject.revoked_at === null ? (
          <button
            type="button"
            class="danger-quiet small"
            aria-label={texts.revokeLabel(subject.name)}
            data-row
            onClick={revoke}
          >
            {texts.revoke}
          </button>
        ) : (
          <span class="faint">
            {texts.revoked} <Time at={subject.revoked_at} />
          </span>
        )}
      </td>
    </tr>
  )
}
