import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { ReasonField } from '../parts/reason-field.tsx'
import { Segments } from '../parts/segments.tsx'
import { IdempotencyKey } from '../platform/idempotency-key.ts'
import { amountOf, decimal, money } from '../platform/money.ts'
import { AmountField, readAmount } from '../parts/amount-field.tsx'
import { movePayment } from './money-request.ts'
import { type PaymentWithOperations, refundableOf } from './payment.ts'
import type { PaymentsModel } from './payment-model.ts'
import { texts } from './texts.ts'

type Props = { model: PaymentsModel; payment: PaymentWithOperations; close: () => void }

const { actions, effects } = texts
const referenceCharactersMax = 255

/** Records money that a person has seen moving. What came in is a fact, so it may be more than was expected. */
export function RecordDialog({ model, payment, close }: Props) {
  const { currency, amounts } = payment
  const refundable = refundableOf(amounts)
  const preset = { capture: amounts.capturable, refund: refundable }
  const key = useMemo(() => new IdempotencyKey(), [])
  const kind = useSignal<'capture' | 'refund'>(amounts.capturable === 0 && refundable > 0 ? 'refund' : 'capture')
  const text = useSignal(enteredAs(preset[kind.value], currency))
  const amount = amountOf(text.value, currency)
  const submit = async (form: FormData) => {
    const recorded = readAmount(text.value, currency, kind.value === 'refund' ? refundable : undefined)
    const reference = textOf(form, 'reference')
    const reason = textOf(form, 'reason')
    const body = { kind: kind.value, amount: recorded, reason, ...(reference === '' ? {} : { reference }) }
    const done = actions.record.done(money(recorded, currency))
    await movePayment(model, payment, { path: 'records', kind: kind.value, body, amount: recorded, done, key })
    close()
  }
  const say = kind.value === 'capture' ? effects.recordCapture : effects.recordRefund
  return (
    <FormDialog title={actions.record.question} submit={actions.record.button} onSubmit={submit} onClose={close}>
      <Segments
        legend={texts.recordKind}
        name="record-kind"
        options={['capture', 'refund']}
        chosen={kind.value}
        choose={chosen => {
          kind.value = chosen
          text.value = enteredAs(preset[chosen], currency)
        }}
        label={option => texts.recordKinds[option]}
      />
      <AmountField
        currency={currency}
        text={text}
        effect={amount === undefined ? undefined : say(money(amount, currency))}
      />
      <label class="field">
        {texts.recordReference}
        <input name="reference" maxLength={referenceCharactersMax} autocomplete="off" />
      </label>
      <ReasonField isNeeded={false} />
    </FormDialog>
  )
}

/** Empty for nothing, which is no amount. */
function enteredAs(amount: number, currency: string): string {
  return amount === 0 ? '' : decimal(amount, currency)
}
