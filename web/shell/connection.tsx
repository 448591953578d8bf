import { signal } from '@preact/signals'
import { isKeyDeclined, reconsiderKey } from '../platform/key.ts'
import { liveState } from '../platform/live.ts'
import { shellTexts } from './texts.ts'

/** Counts up when the person wants everything asked for again. */
export const attempt = signal(0)

/** Says whether what is shown is live; nothing on a page that follows nothing. */
export function LiveMark() {
  const state = liveState.value
  return (
    <span class={`live live-${state ?? 'off'}`} role="status">
      {state === undefined ? '' : shellTexts.live[state]}
    </span>
  )
}

/** Says above the page what keeps it from showing what is. */
export function Banner() {
  if (isKeyDeclined.value) {
    const again = () => {
      reconsiderKey()
      attempt.value += 1
    }
    return (
      <div class="banner" role="status">
        {shellTexts.key.declined}
        <button type="button" class="small" onClick={again}>
          {shellTexts.key.enter}
        </button>
      </div>
    )
  }
  if (liveState.value !== 'interrupted') return null
  return (
    <div class="banner" role="status">
      {shellTexts.live.banner}
    </div>
  )
}
