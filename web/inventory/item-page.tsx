import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { useRoute } from 'preact-iso'
import { useFreshModel } from '../parts/fresh.ts'
import { count } from '../platform/money.ts'
import { DetailPage } from '../shell/detail-page.tsx'
import { PageHead } from '../shell/page.tsx'
import { itemsAddress } from './addresses.ts'
import { ItemFacts } from './item-facts.tsx'
import { ItemForm } from './item-form.tsx'
import { type ItemModel, type ItemState, readItem } from './item-model.ts'
import { describe, Level } from './item-parts.tsx'
import { Movements } from './movements.tsx'
import { StockCard } from './stock-card.tsx'
import { texts } from './texts.ts'

const refreshEveryMs = 5_000

/** One item: its stock at each location, what has changed it, and what can be done about it. */
export default function ItemPage() {
  const { id = '' } = useRoute().params
  const model = useMemo(() => readItem(id), [id])
  useFreshModel(model, refreshEveryMs)
  const state = model.value.value
  return (
    <DetailPage
      list={{ href: itemsAddress(), title: texts.title }}
      heading={
        <PageHead title={state?.item.name ?? texts.item}>
          {state !== undefined && <EditButton model={model} state={state} />}
        </PageHead>
      }
      model={model}
      unknown={{ title: texts.unknown(id), hint: texts.unknownHint }}
    >
      {state !== undefined && <Content model={model} state={state} />}
    </DetailPage>
  )
}

function Content({ model, state }: { model: ItemModel; state: ItemState }) {
  const { item, stock } = state
  return (
    <>
      <div class="summary-line">
        <span class="faint">{describe(item)}</span>
        {stock.is_tracked && <strong>{texts.stock.available(count(stock.available))}</strong>}
        <Level stock={stock} />
        {!item.active && <span class="tag">{texts.inactive}</span>}
      </div>
      <div class="beside">
        <div class="stack">
          <StockCard model={model} state={state} />
          <Movements stock={stock} />
        </div>
        <ItemFacts item={item} />
      </div>
    </>
  )
}

function EditButton({ model, state: { item } }: { model: ItemModel; state: ItemState }) {
  const edited = useSignal<typeof item | undefined>(undefined)
  const close = () => {
    edited.value = undefined
  }
  return (
    <>
      <button
        type="button"
        class="second"
        onClick={() => {
          edited.value = item
        }}
      >
        {texts.form.editButton}
      </button>
      {edited.value !== undefined && (
        <ItemForm
          item={edited.value}
          done={() => {
            close()
            void model.load()
          }}
          close={close}
        />
      )}
    </>
  )
}
