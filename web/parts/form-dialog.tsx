import { useSignal } from '@preact/signals'
import type { ComponentChildren, TargetedSubmitEvent } from 'preact'
import { Dialog } from './dialog.tsx'
import { Refused } from './states.tsx'
import { commonTexts } from './texts.ts'

type Props = {
  title: string
  /** What the button says that does it. */
  submit: string
  isDangerous?: boolean
  onSubmit: (form: FormData) => Promise<void>
  onClose: () => void
  children: ComponentChildren
}

/** A dialog that asks before it does something; what goes wrong is said in it, and it can be tried again. */
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

/** The text of a field, without spaces around it. */
export function textOf(form: FormData, name: string): string {
  return String(form.get(name) ?? '').trim()
}
