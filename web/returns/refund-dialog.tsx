import { useSignal } from '@preact/signals'
import { AmountField, readAmount } from '../parts/amount-field.tsx'
import { Choice, TextField } from '../parts/fields.tsx'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { ReasonField } from '../parts/reason-field.tsx'
import { amountOf, decimal, money } from '../platform/money.ts'
import { type DialogProps, useSubmit } from './action-dialog.tsx'
import { texts } from './texts.ts'

const { actions, effects, fields } = texts

/** Asks how much of a return is refunded. */
export function RefundDialog({ of, load, close }: DialogProps) {
  const { currency, refund } = of
  const submit = useSubmit({ of, load, close }, 'refund')
  const text = useSignal(decimal(refund.expected, currency))
  const withDelivery = useSignal(false)
  const amount = amountOf(text.value, currency)
  const send = (form: FormData) => {
    const fee = textOf(form, 'fee')
    const wanted = readAmount(text.value, currency)
    return submit({
      // What is expected is left to the service, which knows what the delivery was, and takes off the fee.
      ...(wanted === refund.expected ? {} : { amount: wanted }),
      ...(fee === '' ? {} : { fee: readAmount(fee, currency) }),
      ...(withDelivery.value ? { delivery: true } : {}),
      reason: textOf(form, 'reason'),
    })
  }
  return (
    <FormDialog
      title={actions.refund.question}
      submit={actions.refund.button}
      isDangerous
      onSubmit={send}
      onClose={close}
    >
      <AmountField
        currency={currency}
        text={text}
        effect={amount === undefined ? undefined : effects.refund(money(amount, currency))}
      />
      <TextField label={fields.fee(currency)} name="fee" charactersMax={32} />
      <Choice label={fields.delivery} isChosen={withDelivery} />
      <ReasonField isNeeded={false} />
    </FormDialog>
  )
}
