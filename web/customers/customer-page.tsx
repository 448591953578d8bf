import { useCallback, useMemo } from 'preact/hooks'
import { useRoute } from 'preact-iso'
import { useFreshModel } from '../parts/fresh.ts'
import { usePolling } from '../parts/polling.ts'
import { PageHead } from '../shell/page.tsx'
import { DetailPage } from '../shell/detail-page.tsx'
import { customersAddress } from './addresses.ts'
import { CustomerModel } from './customer-model.ts'
import { Carts, Corrections, Payments, Returns, Shipments } from './cards.tsx'
import { EraseButton } from './erase-dialog.tsx'
import { Erasures } from './erasures.tsx'
import { ExportButton } from './export-button.tsx'
import { Orders } from './orders.tsx'
import { texts } from './texts.ts'

const refreshEveryMs = 5_000
const progressEveryMs = 1_000

/** One customer: the orders, what belongs to them, and what can be done with all of it: exported, and erased. */
export default function CustomerPage() {
  const { id = '' } = useRoute().params
  const model = useMemo(() => new CustomerModel(id), [id])
  useFreshModel(model, refreshEveryMs)
  usePolling(
    useCallback(async () => {
      if (model.isErasing) await model.erasures.load()
    }, [model]),
    progressEveryMs,
  )
  const isRead = model.orders.rows.value !== undefined
  const erasures = model.erasures.value.value
  return (
    <DetailPage
      list={{ href: customersAddress(), title: texts.title }}
      heading={
        <PageHead title={id}>
          {Array.isArray(erasures) && (
            <>
              <ExportButton model={model} />
              <EraseButton model={model} />
            </>
          )}
        </PageHead>
      }
      model={{ load: () => model.load(), failure: model.orders.failure }}
      unknown={{ title: texts.none, hint: texts.noneHint }}
    >
      {isRead && <Content model={model} />}
    </DetailPage>
  )
}

function Content({ model }: { model: CustomerModel }) {
  return (
    <div class="beside">
      <div class="stack">
        <Orders model={model} />
        <Shipments model={model} />
        <Returns model={model} />
        <Payments model={model} />
      </div>
      <div class="stack">
        <Carts model={model} />
        <Corrections model={model} />
        <Erasures model={model} />
      </div>
    </div>
  )
}
