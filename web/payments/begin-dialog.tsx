import { useSignal } from '@preact/signals'
import { useId, useMemo } from 'preact/hooks'
import type { StoredOrderView } from '../../src/orders/views.ts'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { Segments } from '../parts/segments.tsx'
import { IdempotencyKey } from '../platform/idempotency-key.ts'
import { amountOf, decimal, money } from '../platform/money.ts'
import { notify } from '../platform/notices.ts'
import { AmountField, readAmount } from './amount-field.tsx'
import { sendMoney } from './money-request.ts'
import { leftToPay } from './payment.ts'
import type { PaymentsModel } from './payment-model.ts'
import { texts } from './texts.ts'

type Props = { model: PaymentsModel; order: StoredOrderView; close: () => void }

const words = texts.begin
const providerCharactersMax = 64
const tokenCharactersMax = 255

/** Asks through whom an order is paid, how much, and when it is captured. */
export function BeginDialog({ model, order, close }: Props) {
  const { currency, amount: orderAmount } = order.payment
  const left = useMemo(() => leftToPay(orderAmount, model.payments.peek() ?? []), [orderAmount, model])
  const key = useMemo(() => new IdempotencyKey(), [])
  const text = useSignal(decimal(left, currency))
  const capture = useSignal<'automatic' | 'manual'>('automatic')
  const amount = amountOf(text.value, currency)
  const submit = async (form: FormData) => {
    const asked = readAmount(text.value, currency, orderAmount)
    const token = textOf(form, 'token')
    const body = {
      provider: textOf(form, 'provider'),
      amount: asked,
      capture: capture.value,
      ...(token === '' ? {} : { method_token: token }),
    }
    const path = `/api/orders/${encodeURIComponent(order.order_uid)}/payments`
    const { state, failure } = await sendMoney(path, body, key)
    if (failure !== null) notify({ tone: 'bad', text: words.failed(money(asked, currency), failure.message) })
    else notify({ tone: 'good', text: words.done(money(asked, currency), texts.states[state]) })
    close()
    await model.load()
  }
  const say = capture.value === 'automatic' ? texts.effects.begin : texts.effects.beginManual
  return (
    <FormDialog
      title={words.question}
      submit={amount === undefined ? words.button : `${words.button} ${money(amount, currency)}`}
      onSubmit={submit}
      onClose={close}
    >
      <ProviderFields />
      <Segments
        legend={words.capture}
        name="capture"
        options={['automatic', 'manual']}
        chosen={capture.value}
        choose={chosen => {
          capture.value = chosen
        }}
        label={option => words.captures[option]}
      />
      <AmountField
        currency={currency}
        text={text}
        effect={amount === undefined ? undefined : say(money(amount, currency))}
      />
    </FormDialog>
  )
}

/** Any provider can be entered: which ones are configured is for the service to say. */
function ProviderFields() {
  const listId = useId()
  const hintId = useId()
  return (
    <>
      <label class="field">
        {words.provider}
        <input name="provider" required maxLength={providerCharactersMax} list={listId} autocomplete="off" />
        <datalist id={listId}>
          {words.providers.map(provider => (
            <option key={provider} value={provider} />
          ))}
        </datalist>
      </label>
      <label class="field">
        {words.token}
        <input name="token" maxLength={tokenCharactersMax} autocomplete="off" aria-describedby={hintId} />
      </label>
      <p id={hintId} class="faint">
        {words.tokenHint}
      </p>
    </>
  )
}
