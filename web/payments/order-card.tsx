import { useSignal } from '@preact/signals'
import { useCallback, useEffect, useMemo } from 'preact/hooks'
import type { OrderCardProps } from '../module.ts'
import { usePolling } from '../parts/polling.ts'
import { Failure, Skeleton } from '../parts/states.tsx'
import { Time } from '../parts/time.tsx'
import { money } from '../platform/money.ts'
import { paymentAddress } from './addresses.ts'
import { BeginDialog } from './begin-dialog.tsx'
import { leftToPay, type PaymentWithOperations } from './payment.ts'
import { PaymentActions } from './payment-actions.tsx'
import { follow, type PaymentsModel, readPaymentsOf } from './payment-model.ts'
import { Amounts, Attention, Operations, PaymentState } from './payment-parts.tsx'
import { texts } from './texts.ts'

const refreshEveryMs = 2_000

/** The payments of an order, with what can be done about them. */
export default function OrderPaymentsCard({ order, newestEventId }: OrderCardProps) {
  const uid = order.order_uid
  const model = useMemo(() => readPaymentsOf(uid), [uid])
  useEffect(() => void model.load(), [model, newestEventId])
  usePolling(
    useCallback(() => follow(model), [model]),
    refreshEveryMs,
  )
  const isAsked = useSignal(false)
  const payments = model.value.value
  const failure = model.failure.value
  return (
    <section class="card" aria-labelledby="payments-title">
      <div class="card-head">
        <h2 id="payments-title">{texts.title}</h2>
        {payments !== undefined && canBePaid(order, payments) && (
          <button type="button" class="second small" onClick={() => (isAsked.value = true)}>
            {texts.card.begin}
          </button>
        )}
      </div>
      {failure !== undefined && <Failure error={failure} retry={() => void model.load()} />}
      {payments === undefined && failure === undefined && <Skeleton lines={3} />}
      {payments?.length === 0 && <p class="faint">{texts.card.none}</p>}
      {payments !== undefined && payments.length > 0 && (
        <ul class="card-entries">
          {payments.map(payment => (
            <li key={payment.id}>
              <Entry model={model} payment={payment} />
            </li>
          ))}
        </ul>
      )}
      {isAsked.value && <BeginDialog model={model} order={order} close={() => (isAsked.value = false)} />}
    </section>
  )
}

function Entry({ model, payment }: { model: PaymentsModel; payment: PaymentWithOperations }) {
  return (
    <>
      <div class="entry-head">
        <a class="amount" href={paymentAddress(payment.id)}>
          {money(payment.amount, payment.currency)}
        </a>
        <PaymentState payment={payment} />
        <span class="faint">
          {texts.card.through(payment.provider)} · <Time at={payment.created_at} />
        </span>
      </div>
      <Attention payment={payment} />
      <Amounts payment={payment} />
      {payment.operations.length > 0 && <Operations of={payment.operations} currency={payment.currency} />}
      <div class="buttons">
        <PaymentActions model={model} payment={payment} size="small" />
      </div>
    </>
  )
}

/** Whether the service would look at another payment of the order. */
function canBePaid({ status, payment }: OrderCardProps['order'], payments: readonly PaymentWithOperations[]): boolean {
  return ['pending', 'confirmed', 'on_hold'].includes(status) && leftToPay(payment.amount, payments) > 0
}
