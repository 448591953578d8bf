import { useMemo } from 'preact/hooks'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { ReasonField } from '../parts/reason-field.tsx'
import { Refusal } from '../platform/api.ts'
import { IdempotencyKey } from '../platform/idempotency-key.ts'
import { notify } from '../platform/notices.ts'
import { ReceiveFields, receiptOf } from './receive-fields.tsx'
import { RefundDialog } from './refund-dialog.tsx'
import type { Return, ReturnAction } from './return.ts'
import { moveReturn } from './return-request.ts'
import { texts } from './texts.ts'

export type DialogProps = {
  /** The return as it was when the dialog was opened. */
  of: Return
  /** Reads what is shown again. */
  load: () => Promise<void>
  close: () => void
}

/** Asks for confirmation of what is asked of a return, and for what goes with it. */
export function ActionDialog({ action, ...props }: DialogProps & { action: ReturnAction }) {
  return action === 'refund' ? <RefundDialog {...props} /> : <MoveDialog action={action} {...props} />
}

function MoveDialog({ action, of, load, close }: DialogProps & { action: Exclude<ReturnAction, 'refund'> }) {
  const submit = useSubmit({ of, load, close }, action)
  const isRefusing = action === 'reject' || action === 'cancel'
  return (
    <FormDialog
      title={texts.actions[action].question}
      submit={texts.actions[action].button}
      isDangerous={isRefusing}
      onSubmit={form =>
        submit({ reason: textOf(form, 'reason'), ...(action === 'receive' ? receiptOf(form, of) : {}) })
      }
      onClose={close}
    >
      <p>{texts.effects[action]}</p>
      {action === 'receive' && <ReceiveFields of={of} />}
      <ReasonField isNeeded={isRefusing} />
    </FormDialog>
  )
}

/** Sends what is asked of a return; after a refusal it is read again, since then what is shown is out of date. */
export function useSubmit({ of, load, close }: DialogProps, action: ReturnAction): (body: object) => Promise<void> {
  const key = useMemo(() => new IdempotencyKey(), [])
  return async body => {
    try {
      await moveReturn(of.id, action, body, key)
    } catch (error) {
      if (error instanceof Refusal && error.status === 409) await load()
      throw error
    }
    await load()
    notify({ tone: 'good', text: texts.actions[action].done })
    close()
  }
}
