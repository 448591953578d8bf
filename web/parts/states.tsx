import type { ComponentChildren } from 'preact'
import { Refusal } from '../platform/api.ts'
import { reconsiderKey } from '../platform/key.ts'
import { commonTexts } from './texts.ts'

/** Grey bars in the place of what is still to come. */
export function Skeleton({ lines = 3 }: { lines?: number }) {
  return (
    <div class="skeleton" role="status" aria-label={commonTexts.loading}>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} class="bone" />
      ))}
    </div>
  )
}

/** What is said where there is nothing, and what to do about it. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  )
}

/** What went wrong, and a button that tries again. */
export function Failure({ error, retry }: { error: unknown; retry: () => void }) {
  const isRefusal = error instanceof Refusal
  const again = () => {
    reconsiderKey()
    retry()
  }
  return (
    <div class="failure" role="alert">
      <p class="failure-title">{isRefusal ? error.message : commonTexts.unexpected}</p>
      <p>{isRefusal ? error.detail : String(error)}</p>
      {isRefusal && <Violations of={error} />}
      <button type="button" onClick={again}>
        {commonTexts.retry}
      </button>
    </div>
  )
}

/** What was answered instead of what was asked for, for a place that has a button of its own to try again. */
export function Refused({ error }: { error: unknown }) {
  const isRefusal = error instanceof Refusal
  return (
    <div class="failure" role="alert">
      <p class="failure-title">{isRefusal ? error.message : commonTexts.unexpected}</p>
      <p>{isRefusal ? error.detail : String(error)}</p>
      {isRefusal && <Violations of={error} />}
    </div>
  )
}

/** What of an input is wrong, place by place. */
export function Violations({ of: { violations } }: { of: Refusal }) {
  if (violations.length === 0) return null
  return (
    <ul class="violations">
      {violations.map(({ pointer, detail }) => (
        <li key={pointer + detail}>
          <code>{pointer || '/'}</code> {detail}
        </li>
      ))}
    </ul>
  )
}
