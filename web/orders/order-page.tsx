import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { useRoute } from 'preact-iso'
import { CopyButton } from '../parts/copy-button.tsx'
import { Segments } from '../parts/segments.tsx'
import { Status } from '../parts/status.tsx'
import { isNotFound } from '../platform/api.ts'
import { money } from '../platform/money.ts'
import { DetailPage } from '../shell/detail-page.tsx'
import { OrderCards } from '../shell/order-cards.tsx'
import { PageHead } from '../shell/page.tsx'
import { ActionDialog } from './action-dialog.tsx'
import { ordersAddress } from './addresses.ts'
import { Invoice } from './invoice.tsx'
import { type Action, actionsOf, type Order } from './order.ts'
import { OrderModel } from './order-model.ts'
import { texts } from './texts.ts'
import { Timeline } from './timeline.tsx'

/** One order: its details, its timeline, and the commands that its state allows. */
export default function OrderPage() {
  const { id = '' } = useRoute().params
  const model = useMemo(() => new OrderModel(id), [id])
  useEffect(() => {
    scrollTo(0, 0)
    const stop = new AbortController()
    void model.run(stop.signal)
    return () => stop.abort()
  }, [model])
  const order = model.order.value
  const title = isNotFound(model.failure.value) ? texts.order.title : id
  return (
    <DetailPage
      list={{ href: ordersAddress(), title: texts.title }}
      heading={order === undefined && <PageHead title={title} />}
      model={model}
      unknown={{ title: texts.order.unknown(id), hint: texts.order.unknownHint }}
      lines={12}
    >
      {order !== undefined && <Content model={model} order={order} />}
    </DetailPage>
  )
}

function Content({ model, order }: { model: OrderModel; order: Order }) {
  const asked = useSignal<Action | undefined>(undefined)
  return (
    <>
      <PageHead title={order.order_uid}>
        {actionsOf(order).map(action => (
          <button
            key={action}
            type="button"
            class={action === 'cancel' ? 'danger-quiet' : action === 'hold' ? 'second' : ''}
            onClick={() => {
              asked.value = action
            }}
          >
            {texts.actions[action].button}
          </button>
        ))}
      </PageHead>
      <div class="order-summary">
        <span class="figure">{money(order.payment.amount, order.payment.currency)}</span>
        <Status value={order.status} />
        <Status value={order.payment_status} />
        <Status value={order.delivery_status} />
        <CopyButton text={order.order_uid} label={texts.order.copyId} />
      </div>
      <div class="order">
        <div class="order-main">
          <Document order={order} />
          <OrderCards order={order} newestEventId={model.timeline.value[0]?.id} />
        </div>
        <section class="card history" aria-labelledby="history-title">
          <h2 id="history-title">{texts.timeline.title}</h2>
          <Timeline events={model.timeline.value} />
        </section>
      </div>
      {asked.value !== undefined && (
        <ActionDialog
          model={model}
          action={asked.value}
          close={() => {
            asked.value = undefined
          }}
        />
      )}
    </>
  )
}

function Document({ order }: { order: Order }) {
  const view = useSignal<'invoice' | 'json'>('invoice')
  const json = JSON.stringify(order, null, 2)
  return (
    <section class="card document" aria-labelledby="document-title">
      <div class="card-head">
        <h2 id="document-title">{texts.order.details}</h2>
        <Segments
          legend={texts.order.view}
          name="view"
          options={['invoice', 'json']}
          chosen={view.value}
          choose={name => {
            view.value = name
          }}
          label={name => texts.order.views[name]}
        />
      </div>
      {view.value === 'invoice' ? (
        <Invoice order={order} />
      ) : (
        <div class="command">
          <pre>{json}</pre>
          <CopyButton text={json} label={texts.order.copyJson} />
        </div>
      )}
    </section>
  )
}
