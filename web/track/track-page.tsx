import { useEffect } from 'preact/hooks'
import type { TrackedOrder } from '../../src/order-tracking/views.ts'
import { Icon } from '../parts/icon.tsx'
import { switchTheme, theme } from '../shell/theme.ts'
import type { OrderModel } from './order-model.ts'
import { Shipment } from './shipment.tsx'
import { dayText, texts } from './texts.ts'

/** Where an order's parcels are, for anybody who has its link. */
export function TrackPage({ model }: { model: OrderModel }) {
  const order = model.order.value
  const state = model.state.value
  return (
    <>
      <a class="skip" href="#main">
        {texts.skip}
      </a>
      <header class="head">
        <p class="brand">{texts.brand}</p>
        {order !== undefined && (
          <button type="button" class="quiet" onClick={() => print()}>
            {texts.print}
          </button>
        )}
        <button type="button" class="quiet tool" aria-label={texts.theme} title={texts.theme} onClick={switchTheme}>
          <Icon name={theme.value === 'dark' ? 'light' : 'dark'} />
        </button>
      </header>
      <main id="main" tabIndex={-1}>
        {order !== undefined && <Order order={order} />}
        {order === undefined && state === 'loading' && <Loading />}
        {order === undefined && state === 'gone' && <Gone />}
        {order === undefined && state === 'interrupted' && <Failed retry={() => model.retry()} />}
        <p class="live faint" role="status">
          {order !== undefined && (state === 'live' ? texts.live : texts.interrupted)}
        </p>
      </main>
    </>
  )
}

function Order({ order }: { order: TrackedOrder }) {
  const { shipments, cancelled, units_waiting: waiting } = order
  const title = texts.title(dayText(order.ordered_at))
  useEffect(() => {
    document.title = `${title} · ${texts.brand}`
  }, [title])
  const nothingLeft = cancelled && order.delivery_status === 'unfulfilled'
  return (
    <>
      <h1>{title}</h1>
      <div aria-live="polite">
        <p class="standing">{texts.standing[nothingLeft ? 'cancelled' : order.delivery_status]}</p>
        {waiting > 0 && <p>{texts.waiting(waiting)}</p>}
      </div>
      {shipments.map((shipment, index) => (
        <Shipment key={index} shipment={shipment} title={texts.shipment(index + 1, shipments.length)} />
      ))}
      {order.has_more && <p class="faint">{texts.more}</p>}
      {shipments.length > 0 && <p class="faint">{texts.clocks}</p>}
    </>
  )
}

function Loading() {
  return (
    <>
      <h1>{texts.brand}</h1>
      <div class="skeleton" role="status" aria-label={texts.loading}>
        <span class="bone" />
        <span class="bone" />
        <span class="bone" />
        <span class="bone" />
      </div>
    </>
  )
}

function Gone() {
  return (
    <div class="empty">
      <h1 class="empty-title">{texts.gone}</h1>
      <p>{texts.goneHint}</p>
    </div>
  )
}

function Failed({ retry }: { retry: () => void }) {
  return (
    <div class="failure" role="alert">
      <h1 class="failure-title">{texts.failed}</h1>
      <p>{texts.failedHint}</p>
      <button type="button" onClick={retry}>
        {texts.retry}
      </button>
    </div>
  )
}
