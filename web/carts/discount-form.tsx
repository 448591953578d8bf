import { type Signal, useSignal } from '@preact/signals'
import { AmountFields, noAmountYet, readAmounts, type TypedAmount, typedAmounts } from '../parts/amount-fields.tsx'
import { Choice, NumberField, numberOf, TimeField, timeIn } from '../parts/fields.tsx'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { ask } from '../platform/api.ts'
import { notify } from '../platform/notices.ts'
import { type Discount, type DiscountKind, kinds } from './discount.ts'
import { IdField } from './price-parts.tsx'
import { refuseTaken } from './price-request.ts'
import { texts } from './texts.ts'

const words = texts.discounts.form

type Props = {
  /** The discount to edit; undefined for a new one. */
  discount?: Discount | undefined
  done: (discount: Discount) => void
  close: () => void
}

/** Asks what a code takes off, and when it applies. */
export function DiscountForm({ discount, done, close }: Props) {
  const kind = useSignal<DiscountKind>(discount?.kind ?? 'percent')
  const amounts = useSignal(discount?.amounts == null ? noAmountYet : typedAmounts(discount.amounts))
  const minimums = useSignal<readonly TypedAmount[]>(typedAmounts(discount?.minimums ?? null))
  const isActive = useSignal(discount?.active ?? true)
  const submit = async (form: FormData) => {
    const code = discount?.code ?? textOf(form, 'id')
    const path = `/api/discounts/${encodeURIComponent(code)}`
    const least = readAmounts(minimums.value)
    const body = {
      kind: kind.value,
      percent: kind.value === 'percent' ? numberOf(form, 'percent') : null,
      amounts: kind.value === 'fixed' ? readAmounts(amounts.value) : null,
      minimums: Object.keys(least).length === 0 ? null : least,
      ...conditionsOf(form, discount),
      active: isActive.value,
    }
    if (discount === undefined) await refuseTaken(path, code)
    const saved = await ask<Discount>(path, { method: 'PUT', body })
    notify({ tone: 'good', text: discount === undefined ? texts.created(code) : texts.saved(code) })
    done(saved)
  }
  return (
    <FormDialog
      title={discount === undefined ? words.create : words.edit(discount.code)}
      submit={discount === undefined ? texts.discounts.add : texts.save}
      onSubmit={submit}
      onClose={close}
    >
      {discount === undefined && <IdField label={words.code} hint={words.codeHint} />}
      <KindField kind={kind} />
      {kind.value === 'percent' && (
        <NumberField label={words.percent} name="percent" isRequired most={100} value={discount?.percent} />
      )}
      {kind.value === 'fixed' && (
        <AmountFields legend={words.amounts} label={words.amount} add={texts.addCurrency} typed={amounts} />
      )}
      <NumberField label={words.limit} name="limit" value={discount?.limit} />
      <NumberField label={words.perCustomer} name="limit_per_customer" value={discount?.limit_per_customer} />
      <Conditions discount={discount} minimums={minimums} />
      <Choice label={words.active} isChosen={isActive} />
    </FormDialog>
  )
}

function KindField({ kind }: { kind: Signal<DiscountKind> }) {
  return (
    <label class="field">
      {words.kind}
      <select
        value={kind.value}
        onChange={({ currentTarget: { value } }) => {
          kind.value = kinds.find(known => known === value) ?? 'percent'
        }}
      >
        {kinds.map(known => (
          <option key={known} value={known}>
            {texts.discounts.kinds[known]}
          </option>
        ))}
      </select>
    </label>
  )
}

type ConditionProps = { discount: Discount | undefined; minimums: Signal<readonly TypedAmount[]> }

/** From when until when, and from which subtotal; most codes do without. */
function Conditions({ discount, minimums }: ConditionProps) {
  return (
    <details open={discount !== undefined && (discount.starts_at ?? discount.ends_at ?? discount.minimums) !== null}>
      <summary>{words.conditions}</summary>
      <div class="stack under">
        <TimeField label={words.starts} name="starts_at" at={discount?.starts_at ?? null} />
        <TimeField label={words.ends} name="ends_at" at={discount?.ends_at ?? null} />
        <AmountFields legend={words.minimums} label={words.minimum} add={texts.addCurrency} typed={minimums} />
      </div>
    </details>
  )
}

function conditionsOf(form: FormData, before: Discount | undefined) {
  return {
    starts_at: timeIn(form, 'starts_at', before?.starts_at ?? null),
    ends_at: timeIn(form, 'ends_at', before?.ends_at ?? null),
    limit: numberOf(form, 'limit'),
    limit_per_customer: numberOf(form, 'limit_per_customer'),
  }
}
