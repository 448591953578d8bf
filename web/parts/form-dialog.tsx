import { useSignal } from '@preact/signals'
import type { ComponentChildren, TargetedSubmitEvent } from 'preact'
import { Dialog } from './dialog.tsx'
import { Refused } from './states.tsx'
import { commonTexts } from './texts.ts'

type Props = {
  title: string
  /** The label of the submit button. */
  submit: string
  isDangerous?: boolean
  onSubmit: (form: FormData) => Promise<void>
  onClose: () => void
  children: ComponentChildren
}

/** A confirmation dialog with a form. It shows a failure, and can then be submitted again. */
export function FormDialog({ title, submit, isDangerous = false, onSubmit, onClose, children }: Props) {
  const isRunning = useSignal(false)
  const failure = useSignal<unknown>(undefined)
  const run = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (isRunning.value) return
    isRunning.value = true
    failure.value = undefined
    try {
      await onSubmit(new FormData(event.currentTarget))
    } catch (error) {
      failure.value = error
    } finally {
      isRunning.value = false
    }
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="stack" onSubmit={run}>
        {children}
        {failure.value !== undefined && <Refused error={failure.value} />}
        <div class="buttons">
          <button type="button" class="quiet" onClick={onClose}>
            {commonTexts.back}
          </button>
          <button type="submit" class={isDangerous ? 'danger' : ''} disabled={isRunning.value}>
            {isRunning.value ? commonTexts.running : submit}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

/** The trimmed text of a field. */
export function textOf(form: FormData, name: string): string {
  return String(form.get(name) ?? '').trim()
}
