import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'

/**
 * A modal dialog, open as long as it is rendered. The browser keeps the focus inside and closes it on Escape; then the focus returns
 * to where it was.
 */
export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  useEffect(() => {
    const before = document.activeElement
    dialog.current?.showModal()
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  const close = (event: Event) => {
    event.preventDefault()
    props.onClose()
  }
  return (
    <dialog ref={dialog} aria-labelledby={titleId} onCancel={close}>
      <h2 id={titleId}>{props.title}</h2>
      {props.children}
    </dialog>
  )
}
