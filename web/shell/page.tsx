import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { shellTexts } from './texts.ts'

/** The head of a page: its title, in the page and in the browser's tab, and what can be done with the whole of it. */
export function PageHead(props: { title: string; tabTitle?: string; children?: ComponentChildren }) {
  const tabTitle = props.tabTitle ?? props.title
  useEffect(() => {
    document.title = `${tabTitle} · ${shellTexts.brand}`
  }, [tabTitle])
  return (
    <div class="page-head">
      <h1>{props.title}</h1>
      <div class="buttons">{props.children}</div>
    </div>
  )
}
