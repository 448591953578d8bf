import { useSignal } from '@preact/signals'
import { AmountFields, noAmountYet, readAmounts, type TypedAmount, typedAmounts } from '../parts/amount-fields.tsx'
import { Choice, TextField } from '../parts/fields.tsx'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { ask, Refusal } from '../platform/api.ts'
import { countryName } from '../platform/country-name.ts'
import { notify } from '../platform/notices.ts'
import { countriesIn, type Method, readCountries } from './method.ts'
import { IdField, TaxClassField } from './price-parts.tsx'
import { refuseTaken } from './price-request.ts'
import { texts } from './texts.ts'

const words = texts.methods.form
const countriesCharactersMax = 1_000

type Props = {
  /** The method to edit; undefined for a new one. */
  method?: Method | undefined
  done: (method: Method) => void
  close: () => void
}

/** Asks what a way of delivery is called, what it costs, and where it goes to. */
export function MethodForm({ method, done, close }: Props) {
  const prices = useSignal(method === undefined ? noAmountYet : typedAmounts(method.prices))
  const freeFrom = useSignal<readonly TypedAmount[]>(typedAmounts(method?.free_from ?? null))
  const countries = useSignal(method?.countries.join(', ') ?? '')
  const isActive = useSignal(method?.active ?? true)
  const submit = async (form: FormData) => {
    const id = method?.method ?? textOf(form, 'id')
    const path = `/api/delivery-methods/${encodeURIComponent(id)}`
    const free = readAmounts(freeFrom.value)
    const body = {
      name: textOf(form, 'name'),
      prices: neededPrices(prices.value),
      free_from: Object.keys(free).length === 0 ? null : free,
      countries: readCountries(countries.value),
      tax_class: textOf(form, 'tax_class') || null,
      active: isActive.value,
    }
    if (method === undefined) await refuseTaken(path, id)
    const saved = await ask<Method>(path, { method: 'PUT', body })
    notify({ tone: 'good', text: method === undefined ? texts.created(body.name) : texts.saved(body.name) })
    done(saved)
  }
  return (
    <FormDialog
      title={method === undefined ? words.create : words.edit(method.name)}
      submit={method === undefined ? texts.methods.add : texts.save}
      onSubmit={submit}
      onClose={close}
    >
      {method === undefined && <IdField label={words.id} hint={words.idHint} />}
      <TextField label={words.name} name="name" isRequired value={method?.name} />
      <AmountFields legend={words.prices} label={words.price} add={texts.addCurrency} typed={prices} />
      <AmountFields legend={words.freeFrom} label={words.freeFromAmount} add={texts.addCurrency} typed={freeFrom} />
      <TextField
        label={words.countries}
        name="countries"
        value={countries.value}
        charactersMax={countriesCharactersMax}
        hint={namesOf(countries.value)}
        onInput={text => {
          countries.value = text
        }}
      />
      <TaxClassField label={words.taxClass} value={method?.tax_class ?? ''} isRequired={false} />
      <Choice label={words.active} isChosen={isActive} />
    </FormDialog>
  )
}

/** The countries that were typed, by their names. */
function namesOf(text: string): string {
  const codes = countriesIn(text)
  return codes.length === 0 ? words.countriesHint : codes.map(code => countryName(code)).join(', ')
}

/** @throws Refusal when there is no price */
function neededPrices(typed: readonly TypedAmount[]): Record<string, number> {
  const prices = readAmounts(typed)
  if (Object.keys(prices).length > 0) return prices
  throw new Refusal(0, { title: words.noPrice, detail: words.noPriceHint })
}
