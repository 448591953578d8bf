import { type Signal, useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import type { StoredOrderView } from '../../src/orders/views.ts'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { Segments } from '../parts/segments.tsx'
import { Refused } from '../parts/states.tsx'
import { ask } from '../platform/api.ts'
import { IdempotencyKey } from '../platform/idempotency-key.ts'
import { amountOf, decimal, money } from '../platform/money.ts'
import { notify } from '../platform/notices.ts'
import { AmountField, readAmount } from '../parts/amount-field.tsx'
import { sendMoney } from './money-request.ts'
import { leftToPay } from './payment.ts'
import type { PaymentsModel } from './payment-model.ts'
import { MethodFields, type Provider, ProviderChoice, takes } from './provider-fields.tsx'
import { texts } from './texts.ts'

type Props = { model: PaymentsModel; order: StoredOrderView; close: () => void }

type Mode = Provider['capture_modes'][number]

const words = texts.begin

/** Asks through whom an order is paid, how much, and when it is captured. */
export function BeginDialog({ model, order, close }: Props) {
  const { currency, amount: orderAmount } = order.payment
  const left = useMemo(() => leftToPay(orderAmount, model.value.peek() ?? []), [orderAmount, model])
  const key = useMemo(() => new IdempotencyKey(), [])
  const text = useSignal(decimal(left, currency))
  const capture = useSignal<Mode>('automatic')
  const { providers, failure } = useProviders()
  const named = useSignal<string | undefined>(undefined)
  const chosen = providers?.find(({ name }) => name === named.value) ?? presetOf(providers, currency)
  const amount = amountOf(text.value, currency)
  const submit = async (form: FormData) => {
    const asked = readAmount(text.value, currency, orderAmount)
    const mode = chosen?.recorded ? 'manual' : capture.value
    const path = `/api/orders/${encodeURIComponent(order.order_uid)}/payments`
    const { state, failure: refusal } = await sendMoney(path, { ...bodyOf(form), amount: asked, capture: mode }, key)
    if (refusal !== null) notify({ tone: 'bad', text: words.failed(money(asked, currency), refusal.message) })
    else notify({ tone: 'good', text: words.done(money(asked, currency), texts.states[state]) })
    close()
    await model.load()
  }
  return (
    <FormDialog
      title={words.question}
      submit={amount === undefined ? words.button : `${words.button} ${money(amount, currency)}`}
      onSubmit={submit}
      onClose={close}
    >
      <ProviderChoice
        providers={providers}
        currency={currency}
        chosen={chosen}
        choose={name => {
          named.value = name
        }}
      />
      {failure !== undefined && <Refused error={failure} />}
      {chosen !== undefined && !chosen.recorded && (
        <>
          <MethodFields key={chosen.name} provider={chosen} />
          <CaptureChoice modes={chosen.capture_modes} capture={capture} />
        </>
      )}
      <AmountField
        currency={currency}
        text={text}
        effect={amount === undefined ? undefined : effectOf(chosen, capture.value)(money(amount, currency))}
      />
    </FormDialog>
  )
}

/** What was entered, without what was left empty. */
function bodyOf(form: FormData): Record<string, string> {
  const entered = {
    provider: textOf(form, 'provider'),
    method_token: textOf(form, 'token'),
    return_url: textOf(form, 'return_url'),
  }
  return Object.fromEntries(Object.entries(entered).filter(([, value]) => value !== ''))
}

/** Says what will happen with an amount. */
function effectOf(provider: Provider | undefined, mode: Mode): (amount: string) => string {
  if (provider?.recorded) return texts.effects.beginRecorded
  return mode === 'automatic' ? texts.effects.begin : texts.effects.beginManual
}

function CaptureChoice({ modes, capture }: { modes: Provider['capture_modes']; capture: Signal<Mode> }) {
  return (
    <Segments
      legend={words.capture}
      name="capture"
      options={modes}
      chosen={capture.value}
      choose={mode => {
        capture.value = mode
      }}
      label={option => words.captures[option]}
    />
  )
}

/** The configured providers: those that are called before those whose money people record. */
function useProviders(): { providers: readonly Provider[] | undefined; failure: unknown } {
  const providers = useSignal<readonly Provider[] | undefined>(undefined)
  const failure = useSignal<unknown>(undefined)
  useEffect(() => {
    ask<Provider[]>('/api/payment-providers').then(
      found => {
        providers.value = found.toSorted((a, b) => Number(a.recorded) - Number(b.recorded))
      },
      error => {
        failure.value = error
      },
    )
  }, [providers, failure])
  return { providers: providers.value, failure: failure.value }
}

function presetOf(providers: readonly Provider[] | undefined, currency: string): Provider | undefined {
  return providers?.find(provider => takes(provider, currency))
}
