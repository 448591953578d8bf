import { type Signal, useSignal } from '@preact/signals'
import { AmountFields, noAmountYet, readAmounts, type TypedAmount, typedAmounts } from '../parts/amount-fields.tsx'
import { Choice, NumberField, numberOf, TextField } from '../parts/fields.tsx'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { ask, Refusal } from '../platform/api.ts'
import { notify } from '../platform/notices.ts'
import type { Item } from './item.ts'
import { texts } from './texts.ts'

const words = texts.form

type Props = {
  /** The item to edit; undefined for a new one. */
  item?: Item
  done: (item: Item) => void
  close: () => void
}

/** Asks for the fields of an item. What it does not ask for stays as it is. */
export function ItemForm({ item, done, close }: Props) {
  const prices = useSignal<readonly TypedAmount[]>(item === undefined ? noAmountYet : typedAmounts(item.prices))
  const isActive = useSignal(item?.active ?? true)
  const isBackordered = useSignal(item?.backorder === 'allow')
  const submit = async (form: FormData) => {
    const chrtId = item?.chrt_id ?? Number(textOf(form, 'chrt_id'))
    const given = readAmounts(prices.value)
    if (item === undefined) await refuseTaken(chrtId)
    const body = {
      ...item,
      ...bodyOf(form),
      prices: given,
      active: isActive.value,
      ...(isBackordered.value
        ? { backorder: 'allow', backorder_limit: numberOf(form, 'backorder_limit') }
        : { backorder: 'refuse', backorder_limit: null }),
    }
    const saved = await ask<Item>(`/api/items/${chrtId}`, { method: 'PUT', body })
    notify({ tone: 'good', text: item === undefined ? words.created(saved.name) : words.saved(saved.name) })
    done(saved)
  }
  return (
    <FormDialog
      title={item === undefined ? words.create : words.edit}
      submit={item === undefined ? words.add : words.save}
      onSubmit={submit}
      onClose={close}
    >
      {item === undefined && <NumberField label={words.number} name="chrt_id" isRequired least={0} />}
      <NumberField label={words.product} name="nm_id" isRequired least={0} value={item?.nm_id} />
      <TextField label={words.name} name="name" isRequired value={item?.name} />
      <TextField label={words.brand} name="brand" value={item?.brand} />
      <TextField label={words.size} name="size" value={item?.size} />
      <AmountFields legend={words.prices} label={words.price} add={words.addPrice} typed={prices} />
      <NumberField label={words.sale} name="sale" isRequired least={0} most={100} value={item?.sale ?? 0} />
      <TextField label={words.taxClass} name="tax_class" isRequired value={item?.tax_class ?? 'standard'} />
      <Choice label={words.active} isChosen={isActive} />
      <Limits item={item} isBackordered={isBackordered} />
    </FormDialog>
  )
}

/** Limits, which most items do without. */
function Limits({ item, isBackordered }: { item: Item | undefined; isBackordered: Signal<boolean> }) {
  return (
    <details>
      <summary>{words.more}</summary>
      <div class="stack under">
        <NumberField label={words.low} name="low_stock" least={0} value={item?.low_stock} />
        <NumberField label={words.min} name="min_quantity" isRequired value={item?.min_quantity ?? 1} />
        <NumberField label={words.max} name="max_quantity" value={item?.max_quantity} />
        <NumberField label={words.step} name="quantity_step" isRequired value={item?.quantity_step ?? 1} />
        <NumberField label={words.perCustomer} name="max_per_customer" value={item?.max_per_customer} />
        <Choice label={words.backorder} isChosen={isBackordered} />
        {isBackordered.value && (
          <NumberField label={words.backorderLimit} name="backorder_limit" least={0} value={item?.backorder_limit} />
        )}
      </div>
    </details>
  )
}

function bodyOf(form: FormData) {
  const texts = ['name', 'brand', 'size', 'tax_class']
  const numbers = ['nm_id', 'sale', 'min_quantity', 'max_quantity', 'quantity_step', 'max_per_customer', 'low_stock']
  return Object.fromEntries([
    ...texts.map(name => [name, textOf(form, name)] as const),
    ...numbers.map(name => [name, numberOf(form, name)] as const),
  ])
}

/** Keeps an item that is there from being replaced. @throws Refusal */
async function refuseTaken(chrtId: number): Promise<void> {
  const found = await ask<readonly Item[]>(`/api/items?chrt_id=${chrtId}`)
  if (found.length > 0) throw new Refusal(0, { title: words.taken(chrtId), detail: words.takenHint })
}
