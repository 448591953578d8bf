import { useSignal } from '@preact/signals'
import type { TargetedSubmitEvent } from 'preact'
import { Dialog } from '../parts/dialog.tsx'
import { Violations } from '../parts/states.tsx'
import { statusText } from '../parts/status.tsx'
import { commonTexts } from '../parts/texts.ts'
import { Refusal } from '../platform/api.ts'
import { notify } from '../platform/notices.ts'
import { type Action, actionsOf } from './order.ts'
import type { OrderModel } from './order-model.ts'
import { texts } from './texts.ts'

/** Actions that need a reason, so that nobody has to ask later. */
const needReason: readonly Action[] = ['hold', 'cancel']
const reasonCharactersMax = 300

/** Asks for confirmation and a reason, runs the command, and shows the outcome. */
export function ActionDialog({ model, action, close }: { model: OrderModel; action: Action; close: () => void }) {
  const isRunning = useSignal(false)
  const failure = useSignal<unknown>(undefined)
  const words = texts.actions[action]
  const order = model.order.value
  const isPossible = order !== undefined && actionsOf(order).includes(action)
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const reason = String(new FormData(event.currentTarget).get('reason') ?? '').trim()
    isRunning.value = true
    failure.value = undefined
    try {
      await model.act(action, reason)
      notify({ tone: 'good', text: words.done(model.orderUid) })
      close()
    } catch (error) {
      failure.value = error
    } finally {
      isRunning.value = false
    }
  }
  return (
    <Dialog title={words.question} onClose={close}>
      <form class="stack" onSubmit={submit}>
        <p>{words.effect}</p>
        <label class="field">
          {needReason.includes(action) ? commonTexts.reason : commonTexts.reasonOptional}
          <textarea name="reason" rows={3} maxLength={reasonCharactersMax} required={needReason.includes(action)} />
        </label>
        {failure.value !== undefined && <Outcome error={failure.value} status={order?.status} />}
        <div class="buttons">
          <button type="button" class="quiet" onClick={close}>
            {commonTexts.back}
          </button>
          <button type="submit" class={action === 'cancel' ? 'danger' : ''} disabled={isRunning.value || !isPossible}>
            {isRunning.value ? commonTexts.running : words.button}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

function Outcome({ error, status }: { error: unknown; status: string | undefined }) {
  const isRefusal = error instanceof Refusal
  return (
    <div class="failure" role="alert">
      <p class="failure-title">{isRefusal ? error.message : commonTexts.unexpected}</p>
      <p>{isRefusal ? error.detail : String(error)}</p>
      {isRefusal && <Violations of={error} />}
      {isRefusal && [409, 412].includes(error.status) && status !== undefined && (
        <p>{texts.actions.isNow(statusText(status))}</p>
      )}
    </div>
  )
}
