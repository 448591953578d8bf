import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Refusal } from '../platform/api.ts'
import { shopAddress } from './address.ts'
import { texts } from './texts.ts'

let isFirst = true

/** The head of a page. Opened from another page it gets the focus, so that it is read out. */
export function Title({ text }: { text: string }) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${text} · ${texts.brand}`
  }, [text])
  useEffect(() => {
    if (!isFirst) heading.current?.focus()
    isFirst = false
  }, [])
  return (
    <h1 ref={heading} tabIndex={-1}>
      {text}
    </h1>
  )
}

/** Says what went wrong, with a button that tries again. */
export function Problem({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <div class="failure" role="alert">
      <p class="failure-title">{error instanceof Refusal ? error.message : texts.unexpected}</p>
      <p>{error instanceof Refusal ? error.detail : String(error)}</p>
      {retry !== undefined && (
        <button type="button" onClick={retry}>
          {texts.retry}
        </button>
      )}
    </div>
  )
}

/** Leads to the catalogue from a page where there is nothing. */
export function Nothing({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children ?? (
        <a class="button" href={shopAddress('catalogue')}>
          {texts.toCatalogue}
        </a>
      )}
    </div>
  )
}
