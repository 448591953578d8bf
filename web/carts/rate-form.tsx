import { type Signal, useSignal } from '@preact/signals'
import { Choice, TextField } from '../parts/fields.tsx'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { ask, Refusal } from '../platform/api.ts'
import { notify } from '../platform/notices.ts'
import { CountryOptions, IdField, TaxClassField } from './price-parts.tsx'
import { refuseTaken } from './price-request.ts'
import { percentOf, ppmOf, type Rate } from './rate.ts'
import { texts } from './texts.ts'

const words = texts.rates.form

type Props = {
  /** The rate to edit; undefined for a new one. */
  rate?: Rate | undefined
  done: (rate: Rate) => void
  close: () => void
}

/** Asks where a tax applies, to what, and how much it is. */
export function RateForm({ rate, done, close }: Props) {
  const country = useSignal(rate?.country ?? '')
  const isIncluded = useSignal(rate?.inclusive ?? false)
  const submit = async (form: FormData) => {
    const id = rate?.id ?? textOf(form, 'id')
    const path = `/api/tax-rates/${encodeURIComponent(id)}`
    const body = {
      country: country.value,
      region: textOf(form, 'region'),
      name: textOf(form, 'name'),
      rate_ppm: neededPpm(textOf(form, 'rate')),
      tax_class: textOf(form, 'tax_class'),
      inclusive: isIncluded.value,
    }
    if (rate === undefined) await refuseTaken(path, id)
    const saved = await ask<Rate>(path, { method: 'PUT', body })
    notify({ tone: 'good', text: rate === undefined ? texts.created(id) : texts.saved(id) })
    done(saved)
  }
  return (
    <FormDialog
      title={rate === undefined ? words.create : words.edit(rate.id)}
      submit={rate === undefined ? texts.rates.add : texts.save}
      onSubmit={submit}
      onClose={close}
    >
      {rate === undefined && <IdField label={words.id} hint={words.idHint} />}
      <CountryField country={country} />
      <TextField label={words.region} name="region" value={rate?.region} />
      <TextField label={words.name} name="name" isRequired value={rate?.name} />
      <TextField
        label={words.rate}
        name="rate"
        isRequired
        value={rate === undefined ? '' : percentOf(rate.rate_ppm)}
        hint={words.rateHint}
      />
      <TaxClassField label={words.taxClass} value={rate?.tax_class ?? 'standard'} isRequired />
      <Choice label={words.inclusive} isChosen={isIncluded} />
    </FormDialog>
  )
}

function CountryField({ country }: { country: Signal<string> }) {
  return (
    <label class="field">
      {words.country}
      <select
        required
        value={country.value}
        onChange={event => {
          country.value = event.currentTarget.value
        }}
      >
        <option value="">{words.chooseCountry}</option>
        <CountryOptions />
      </select>
    </label>
  )
}

/** @throws Refusal when no rate was typed */
function neededPpm(text: string): number {
  const ppm = ppmOf(text)
  if (ppm !== undefined) return ppm
  throw new Refusal(0, { title: words.rateInvalid, detail: words.rateHint })
}
