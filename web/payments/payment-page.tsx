import { useMemo } from 'preact/hooks'
import { useRoute } from 'preact-iso'
import { orderAddress } from '../orders/addresses.ts'
import { useFreshModel } from '../parts/fresh.ts'
import { Time } from '../parts/time.tsx'
import { isNotFound } from '../platform/api.ts'
import { money } from '../platform/money.ts'
import { DetailPage } from '../shell/detail-page.tsx'
import { PageHead } from '../shell/page.tsx'
import { paymentsAddress } from './addresses.ts'
import type { PaymentWithOperations } from './payment.ts'
import { PaymentActions } from './payment-actions.tsx'
import { readPayment } from './payment-model.ts'
import { Amounts, Attention, Operations, PaymentState } from './payment-parts.tsx'
import { texts } from './texts.ts'

const refreshEveryMs = 2_000

/** One payment: its amounts, what was asked of its provider, and what can be asked now. */
export default function PaymentPage() {
  const { id = '' } = useRoute().params
  const model = useMemo(() => readPayment(id), [id])
  useFreshModel(model, refreshEveryMs)
  const isUnknown = isNotFound(model.failure.value)
  const [payment] = model.value.value ?? []
  return (
    <DetailPage
      list={{ href: paymentsAddress(), title: texts.title }}
      heading={
        <PageHead title={isUnknown ? texts.payment : id}>
          {payment !== undefined && <PaymentActions model={model} payment={payment} />}
        </PageHead>
      }
      model={model}
      unknown={{ title: texts.unknown(id), hint: texts.unknownHint }}
    >
      {payment !== undefined && <Content payment={payment} />}
    </DetailPage>
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
