import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { ReasonField } from '../parts/reason-field.tsx'
import { IdempotencyKey } from '../platform/idempotency-key.ts'
import { amountOf, decimal, money } from '../platform/money.ts'
import { AmountField, readAmount } from '../parts/amount-field.tsx'
import { movePayment } from './money-request.ts'
import { type PaymentWithOperations, refundableOf } from './payment.ts'
import type { PaymentsModel } from './payment-model.ts'
import { texts } from './texts.ts'

type Props = {
  model: PaymentsModel
  /** The payment as it was when the dialog was opened. */
  payment: PaymentWithOperations
  close: () => void
}

const { actions, effects } = texts

/** Asks how much is captured, and whether that is the last of it. */
export function CaptureDialog({ model, payment, close }: Props) {
  const { currency, amounts } = payment
  const most = amounts.capturable
  const key = useMemo(() => new IdempotencyKey(), [])
  const text = useSignal(decimal(most, currency))
  const isFinal = useSignal(false)
  const amount = amountOf(text.value, currency)
  const rest = amount === undefined ? 0 : most - amount
  const shown = (minor: number) => money(minor, currency)
  const submit = async () => {
    const captured = readAmount(text.value, currency, most)
    const body = { amount: captured, ...(isFinal.value ? { final: true } : {}) }
    const done = actions.capture.done(shown(captured))
    await movePayment(model, payment, { path: 'capture', kind: 'capture', body, amount: captured, done, key })
    close()
  }
  const restEffect = rest > 0 ? (isFinal.value ? effects.released(shown(rest)) : effects.stays(shown(rest))) : ''
  const effect = amount === undefined ? undefined : `${effects.capture(shown(amount))} ${restEffect}`.trim()
  return (
    <FormDialog
      title={actions.capture.question}
      submit={amount === undefined ? actions.capture.button : `${actions.capture.button} ${shown(amount)}`}
      onSubmit={submit}
      onClose={close}
    >
      <AmountField currency={currency} text={text} effect={effect} />
      <label class="choice">
        <input
          type="checkbox"
          checked={isFinal.value}
          onChange={event => {
            isFinal.value = event.currentTarget.checked
          }}
        />
        {texts.final}
      </label>
    </FormDialog>
  )
}

/** Asks for confirmation before what is authorized is released. */
export function VoidDialog({ model, payment, close }: Props) {
  const { currency, amounts, amount } = payment
  const key = useMemo(() => new IdempotencyKey(), [])
  const submit = async (form: FormData) => {
    const body = { reason: textOf(form, 'reason') }
    const released = amounts.capturable === 0 ? amount : amounts.capturable
    const done = actions.void.done()
    await movePayment(model, payment, { path: 'void', kind: 'void', body, amount: released, done, key })
    close()
  }
  return (
    <FormDialog
      title={actions.void.question}
      submit={actions.void.button}
      isDangerous
      onSubmit={submit}
      onClose={close}
    >
      <p>
        {amounts.capturable === 0 ? effects.voidAll : effects.void(money(amounts.capturable, currency))}{' '}
        {effects.voidEnd}
      </p>
      <ReasonField isNeeded={false} />
    </FormDialog>
  )
}

/** Asks how much is paid back, and why. */
export function RefundDialog({ model, payment, close }: Props) {
  const { currency } = payment
  const most = refundableOf(payment.amounts)
  const key = useMemo(() => new IdempotencyKey(), [])
  const text = useSignal(decimal(most, currency))
  const amount = amountOf(text.value, currency)
  const rest = amount === undefined ? 0 : most - amount
  const shown = (minor: number) => money(minor, currency)
  const submit = async (form: FormData) => {
    const refunded = readAmount(text.value, currency, most)
    const body = { amount: refunded, reason: textOf(form, 'reason') }
    const done = actions.refund.done(shown(refunded))
    await movePayment(model, payment, { path: 'refunds', kind: 'refund', body, amount: refunded, done, key })
    close()
  }
  const restEffect = rest > 0 ? effects.refundRest(shown(rest)) : ''
  const effect = amount === undefined ? undefined : `${effects.refund(shown(amount))} ${restEffect}`.trim()
  return (
    <FormDialog
      title={actions.refund.question}
      submit={amount === undefined ? actions.refund.button : `${actions.refund.button} ${shown(amount)}`}
      isDangerous
      onSubmit={submit}
      onClose={close}
    >
      <AmountField currency={currency} text={text} effect={effect} />
      <ReasonField isNeeded />
    </FormDialog>
  )
}
