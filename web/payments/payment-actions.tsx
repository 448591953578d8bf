import { useSignal } from '@preact/signals'
import { ActionButtons } from '../parts/action-buttons.tsx'
import { ask, Refusal } from '../platform/api.ts'
import { notify } from '../platform/notices.ts'
import { CaptureDialog, RefundDialog, VoidDialog } from './action-dialogs.tsx'
import type { Payment, PaymentWithOperations } from './payment.ts'
import type { PaymentsModel } from './payment-model.ts'
import { RecordDialog } from './record-dialog.tsx'
import { texts } from './texts.ts'

const dialogs = { capture: CaptureDialog, void: VoidDialog, refund: RefundDialog, record: RecordDialog } as const
type Action = keyof typeof dialogs
const looks: Record<Action, string> = { record: '', refund: 'second', void: 'danger-quiet', capture: '' }

type Props = { model: PaymentsModel; payment: PaymentWithOperations; size?: 'small' }

/** What can be asked of a payment now, as the service says: each but the sync is confirmed in a dialog. */
export function PaymentActions({ model, payment, size }: Props) {
  const asked = useSignal<{ action: Action; payment: PaymentWithOperations } | undefined>(undefined)
  const close = () => {
    asked.value = undefined
  }
  const Asked = asked.value && dialogs[asked.value.action]
  return (
    <>
      {payment.available_actions.includes('sync') && <SyncButton model={model} id={payment.id} size={size} />}
      <ActionButtons
        looks={looks}
        available={payment.available_actions}
        label={action => texts.actions[action].button}
        ask={action => (asked.value = { action, payment })}
        size={size}
      />
      {asked.value !== undefined && Asked !== undefined && (
        <Asked model={model} payment={asked.value.payment} close={close} />
      )}
    </>
  )
}

/** Asks the provider for the state of a payment. It moves nothing, so it needs no confirmation. */
function SyncButton({ model, id, size }: { model: PaymentsModel; id: string; size: 'small' | undefined }) {
  const isRunning = useSignal(false)
  const sync = async () => {
    isRunning.value = true
    try {
      const { state } = await ask<Payment>(`/api/payments/${encodeURIComponent(id)}/sync`, { method: 'POST' })
      notify({ tone: 'good', text: texts.sync.done(texts.states[state]) })
      await model.load()
    } catch (error) {
      notify({ tone: 'bad', text: error instanceof Refusal ? `${error.message}: ${error.detail}` : String(error) })
    } finally {
      isRunning.value = false
    }
  }
  return (
    <button
      type="button"
      class={`quiet ${size ?? ''}`}
      title={texts.sync.hint}
      disabled={isRunning.value}
      onClick={sync}
    >
      {texts.sync.button}
    </button>
  )
}
