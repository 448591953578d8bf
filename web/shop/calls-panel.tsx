import { serviceBase } from './address.ts'
import { calls } from './calls.ts'
import { texts } from './texts.ts'

const words = texts.calls

/** Lists what the page has asked of the API, for those who build a shop of their own. */
export function CallsPanel() {
  return (
    <details class="calls">
      <summary>{words.title}</summary>
      <p class="faint">
        {words.hint}{' '}
        <a href={`${serviceBase}/api/docs`} target="_top">
          {words.docs}
        </a>
      </p>
      <ol>
        {calls.value.map(({ id, method, path, status, tookMs }) => (
          <li key={id}>
            <code>{`${method} ${path}`}</code> <span class="faint">{words.took(status, tookMs)}</span>
          </li>
        ))}
      </ol>
    </details>
  )
}
