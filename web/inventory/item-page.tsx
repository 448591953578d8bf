import { useSignal } from '@preact/signals'
import { useCallback, useEffect, useMemo } from 'preact/hooks'
import { useRoute } from 'preact-iso'
import { Icon } from '../parts/icon.tsx'
import { usePolling } from '../parts/polling.ts'
import { Empty, Failure, Skeleton } from '../parts/states.tsx'
import { Refusal } from '../platform/api.ts'
import { count } from '../platform/money.ts'
import { PageHead } from '../shell/page.tsx'
import { itemsAddress } from './addresses.ts'
import { ItemFacts } from './item-facts.tsx'
import { ItemForm } from './item-form.tsx'
import { ItemModel, type ItemState } from './item-model.ts'
import { describe, Level } from './item-parts.tsx'
import { Movements } from './movements.tsx'
import { StockCard } from './stock-card.tsx'
import { texts } from './texts.ts'

const refreshEveryMs = 5_000

/** One item: its stock at each location, what has changed it, and what can be done about it. */
export default function ItemPage() {
  const { id = '' } = useRoute().params
  const model = useMemo(() => new ItemModel(id), [id])
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
  const state = model.state.value
  return (
    <>
      <a class="back" href={itemsAddress()}>
        <Icon name="left" />
        {texts.title}
      </a>
      <PageHead title={state?.item.name ?? texts.item}>
        {state !== undefined && <EditButton model={model} state={state} />}
      </PageHead>
      {isUnknown && (
        <Empty title={texts.unknown(id)}>
          <p>{texts.unknownHint}</p>
        </Empty>
      )}
      {failure !== undefined && !isUnknown && <Failure error={failure} retry={() => void model.load()} />}
      {state === undefined && failure === undefined && (
        <div class="card">
          <Skeleton lines={8} />
        </div>
      )}
      {state !== undefined && <Content model={model} state={state} />}
    </>
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
