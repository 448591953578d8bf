import type { ComponentChildren } from 'preact'
import { Refusal } from '../platform/api.ts'
import { reconsiderKey } from '../platform/key.ts'
import { commonTexts } from './texts.ts'

/** Grey bars in place of content that is loading. */
export function Skeleton({ lines = 3 }: { lines?: number }) {
  return (
    <div class="skeleton" role="status" aria-label={commonTexts.loading}>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} class="bone" />
      ))}
    </div>
  )
}

/** An empty state: a title, and what to do about it. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  )
}

/** An error with a button that tries again. */
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

/** An error without a button, for a place that has its own. */
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

/** Lists the violations of an input. */
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
