import { useSignal } from '@preact/signals'
import type { TargetedSubmitEvent } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import { Icon } from '../parts/icon.tsx'
import { Skeleton } from '../parts/states.tsx'
import { ask } from './api.ts'
import { Catalogue, currenciesOf, productsOf } from './catalogue.ts'
import { CurrencyChoice, currencyOf } from './currency.tsx'
import { Nothing, Problem, Title } from './parts.tsx'
import { ProductCard } from './product-card.tsx'
import { say } from './said.ts'
import { texts } from './texts.ts'

const words = texts.catalogue
const textMax = 100
const pauseMs = 250

/** What the shop offers. */
export function CataloguePage() {
  const catalogue = useMemo(() => new Catalogue(), [])
  const text = useSignal('')
  useEffect(() => void catalogue.search(''), [catalogue])
  useEffect(() => {
    const wanted = text.value.trim()
    if (wanted === catalogue.found.peek()) return
    const timer = setTimeout(() => void catalogue.search(wanted), pauseMs)
    return () => clearTimeout(timer)
  }, [text.value, catalogue])
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    void catalogue.search(text.value.trim())
  }
  const clear = () => {
    text.value = ''
    void catalogue.search('')
  }
  const items = catalogue.items.value
  return (
    <>
      <Title text={texts.pages.catalogue} />
      <div class="tools">
        <search>
          <form class="search" onSubmit={submit}>
            <Icon name="search" />
            <input
              type="search"
              value={text.value}
              aria-label={words.search}
              placeholder={words.searchFor}
              maxLength={textMax}
              onInput={event => {
                text.value = event.currentTarget.value
              }}
            />
          </form>
        </search>
        {items !== undefined && <CurrencyChoice known={currenciesOf(items)} />}
      </div>
      {catalogue.failure.value !== undefined && (
        <Problem error={catalogue.failure.value} retry={() => void catalogue.search(text.value.trim())} />
      )}
      <Found catalogue={catalogue} clear={clear} />
    </>
  )
}

function Found({ catalogue, clear }: { catalogue: Catalogue; clear: () => void }) {
  const items = catalogue.items.value
  if (items === undefined) return catalogue.failure.value === undefined ? <Skeleton lines={6} /> : null
  const found = catalogue.found.value
  if (items.length === 0 && found === '') return <Unfilled catalogue={catalogue} />
  const products = productsOf(items)
  const currency = currencyOf(currenciesOf(items))
  return (
    <>
      <p class="faint" role="status">
        {products.length === 0 ? words.nothingFound(found) : words.found(products.length, found)}
      </p>
      {products.length === 0 && (
        <Nothing title={words.nothingFound(found)}>
          <button type="button" class="second" onClick={clear}>
            {words.clear}
          </button>
        </Nothing>
      )}
      <ul class="products">
        {products.map(product => (
          <ProductCard key={product.nmId} product={product} currency={currency} />
        ))}
      </ul>
      {!catalogue.isComplete.value && (
        <p class="table-foot">
          <button
            type="button"
            class="second"
            disabled={catalogue.isLoading.value}
            onClick={() => void catalogue.more()}
          >
            {words.more}
          </button>
        </p>
      )}
    </>
  )
}

/** What is there before the first item: a way to have some. */
function Unfilled({ catalogue }: { catalogue: Catalogue }) {
  const isRunning = useSignal(false)
  const failure = useSignal<unknown>(undefined)
  const fill = async () => {
    isRunning.value = true
    failure.value = undefined
    try {
      await ask('/api/shop/demo-catalogue', { method: 'POST', body: {} })
      await filled(catalogue)
      say(words.filled)
    } catch (error) {
      failure.value = error
    } finally {
      isRunning.value = false
    }
  }
  return (
    <Nothing title={words.empty}>
      <p>{words.emptyHint}</p>
      {failure.value !== undefined && <Problem error={failure.value} />}
      <button type="button" class="large" disabled={isRunning.value} onClick={fill}>
        {isRunning.value ? texts.working : words.fill}
      </button>
    </Nothing>
  )
}

const answerKeptMs = 1_000

/** Reads what was filled in: an answer about items may be a second old. */
async function filled(catalogue: Catalogue): Promise<void> {
  await catalogue.search('')
  if (catalogue.items.peek()?.length !== 0) return
  await new Promise(resolve => setTimeout(resolve, answerKeptMs))
  await catalogue.search('')
}
