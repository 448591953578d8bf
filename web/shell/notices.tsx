import { Icon } from '../parts/icon.tsx'
import { dismiss, notices } from '../platform/notices.ts'
import { shellTexts } from './texts.ts'

/** The notices that stand now, newest below. */
export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, tone, text, link }) => (
        <div key={id} class={`notice ${tone}`}>
          <p>
            {text} {link !== undefined && <a href={link.href}>{link.label}</a>}
          </p>
          <button type="button" class="quiet small" aria-label={shellTexts.dismiss} onClick={() => dismiss(id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  )
}
