import { useCallback, useEffect, useMemo } from 'preact/hooks'
import { useRoute } from 'preact-iso'
import { orderAddress } from '../orders/addresses.ts'
import { Icon } from '../parts/icon.tsx'
import { usePolling } from '../parts/polling.ts'
import { Empty, Failure, Skeleton } from '../parts/states.tsx'
import { Time } from '../parts/time.tsx'
import { Refusal } from '../platform/api.ts'
import { money } from '../platform/money.ts'
import { PageHead } from '../shell/page.tsx'
import { paymentsAddress } from './addresses.ts'
import type { PaymentWithOperations } from './payment.ts'
import { PaymentActions } from './payment-actions.tsx'
import { PaymentsModel } from './payment-model.ts'
import { Amounts, Attention, Operations, PaymentState } from './payment-parts.tsx'
import { texts } from './texts.ts'

const refreshEveryMs = 2_000

/** One payment: its amounts, what was asked of its provider, and what can be asked now. */
export default function PaymentPage() {
  const { id = '' } = useRoute().params
  const model = useMemo(() => PaymentsModel.ofPayment(id), [id])
  useEffect(() => {
    scrollTo(0, 0)
    void model.load()
  }, [model])
  usePolling(
    useCallback(() => model.load(), [model]),
    refreshEveryMs,
  )
  const failure = model.failure.value
  const isUnknown = failure instanceof Refusal && failure.status === 404
  const [payment] = model.payments.value ?? []
  return (
    <>
      <a class="back" href={paymentsAddress()}>
        <Icon name="left" />
        {texts.title}
      </a>
      <PageHead title={isUnknown ? texts.payment : id}>
        {payment !== undefined && <PaymentActions model={model} payment={payment} />}
      </PageHead>
      {isUnknown && (
        <Empty title={texts.unknown(id)}>
          <p>{texts.unknownHint}</p>
        </Empty>
      )}
      {failure !== undefined && !isUnknown && <Failure error={failure} retry={() => void model.load()} />}
      {payment === undefined && failure === undefined && (
        <div class="card">
          <Skeleton lines={8} />
        </div>
      )}
      {payment !== undefined && <Content payment={payment} />}
    </>
  )
}

function Content({ payment }: { payment: PaymentWithOperations }) {
  const { currency, operations } = payment
  return (
    <>
      <div class="summary-line">
        <span class="figure">{money(payment.amount, currency)}</span>
        <PaymentState payment={payment} />
      </div>
      <div class="beside">
        <section class="card stack" aria-labelledby="operations-title">
          <h2 id="operations-title">{texts.operations}</h2>
          <Attention payment={payment} />
          <Amounts payment={payment} />
          {operations.length === 0 ? (
            <p class="faint">{texts.noOperations}</p>
          ) : (
            <Operations of={operations} currency={currency} />
          )}
        </section>
        <Facts payment={payment} />
      </div>
    </>
  )
}

function Facts({ payment }: { payment: PaymentWithOperations }) {
  const words = texts.facts
  const { order_uid: uid, provider_ref: reference, authorized_until: until } = payment
  return (
    <section class="card" aria-labelledby="facts-title">
      <h2 id="facts-title">{words.title}</h2>
      <dl class="pairs">
        <dt>{words.order}</dt>
        <dd>
          <a href={orderAddress(uid)}>{uid}</a>
        </dd>
        <dt>{words.provider}</dt>
        <dd>{payment.provider}</dd>
        {reference !== null && (
          <>
            <dt>{words.reference}</dt>
            <dd>{reference}</dd>
          </>
        )}
        <dt>{words.capture}</dt>
        <dd>{words.captureModes[payment.capture]}</dd>
        {until !== null && (
          <>
            <dt>{words.authorizedUntil}</dt>
            <dd>
              <Time at={until} isAbsolute />
            </dd>
          </>
        )}
        <dt>{words.created}</dt>
        <dd>
          <Time at={payment.created_at} isAbsolute />
        </dd>
        <dt>{words.changed}</dt>
        <dd>
          <Time at={payment.updated_at} />
        </dd>
      </dl>
    </section>
  )
}
