import { useSignal } from '@preact/signals'
import type { TargetedSubmitEvent } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { countries } from '../../src/platform/countries.ts'
import { Refusal } from '../platform/api.ts'
import { countryName } from '../platform/country-name.ts'
import { type Cart, patchCart } from './basket.ts'
import { Problem } from './parts.tsx'
import { texts } from './texts.ts'

const words = texts.checkout
const charactersMax = 300

const fields = [
  { name: 'email', autocomplete: 'email', inputMode: 'email', isRequired: true },
  { name: 'name', autocomplete: 'name', inputMode: 'text', isRequired: true },
  { name: 'phone', autocomplete: 'tel', inputMode: 'tel', isRequired: true },
  { name: 'address', autocomplete: 'street-address', inputMode: 'text', isRequired: true },
  { name: 'zip', autocomplete: 'postal-code', inputMode: 'text', isRequired: true },
  { name: 'city', autocomplete: 'address-level2', inputMode: 'text', isRequired: true },
  { name: 'region', autocomplete: 'address-level1', inputMode: 'text', isRequired: false },
] as const
type Field = (typeof fields)[number]
type FieldName = Field['name'] | 'country'

/** Whether a cart has what the checkout needs of the recipient. Pure. */
export function isAddressed({ email, delivery }: Pick<Cart, 'email' | 'delivery'>): boolean {
  if (email === null || delivery === null) return false
  const needed = ['name', 'phone', 'address', 'zip', 'city', 'country'] as const
  return needed.every(name => (delivery[name] ?? '') !== '')
}

/** What the API says of each field. Pure. */
function complaintsOf({ violations }: Refusal): Map<FieldName, string> {
  const known = [...fields.map(({ name }) => name), 'country'] as const
  return new Map(
    known.flatMap(name => {
      const violation = violations.find(({ pointer }) => pointer === `/${name}` || pointer === `/delivery/${name}`)
      if (violation === undefined) return []
      const form = name === 'email' || name === 'phone' ? words.forms[name] : undefined
      return [[name, form ?? words.must(violation.detail)] as const]
    }),
  )
}

/** Asks where the cart goes. What the API refuses is said beside its field, and the first of them gets the focus. */
export function AddressForm({ cart, onSaved }: { cart: Cart; onSaved: () => void }) {
  const complaints = useSignal<ReadonlyMap<FieldName, string>>(new Map())
  const failure = useSignal<unknown>(undefined)
  const isRunning = useSignal(false)
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus()
  }, [complaints.value])
  const save = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (isRunning.value) return
    isRunning.value = true
    failure.value = undefined
    try {
      await patchCart(patchOf(new FormData(event.currentTarget)))
      onSaved()
    } catch (error) {
      const found = error instanceof Refusal ? complaintsOf(error) : new Map<FieldName, string>()
      complaints.value = found
      failure.value = found.size === 0 ? error : undefined
    } finally {
      isRunning.value = false
    }
  }
  const found = complaints.value
  const textOf = (name: FieldName) => (name === 'email' ? cart.email : cart.delivery?.[name]) ?? ''
  return (
    <form class="stack address-form" onSubmit={save} ref={form}>
      {found.size > 0 && (
        <p class="bad" role="alert">
          {words.fix(found.size)}
        </p>
      )}
      {fields.map(field => (
        <TextField key={field.name} field={field} value={textOf(field.name)} complaint={found.get(field.name)} />
      ))}
      <CountryField value={textOf('country')} complaint={found.get('country')} />
      {failure.value !== undefined && <Problem error={failure.value} />}
      <button type="submit" class="large" disabled={isRunning.value}>
        {isRunning.value ? texts.working : words.save}
      </button>
    </form>
  )
}

/** What a form says, as a change of the cart. An optional field that is empty is left out. */
function patchOf(form: FormData) {
  const text = (name: FieldName) => String(form.get(name) ?? '').trim()
  const [name, phone, address] = [text('name'), text('phone'), text('address')]
  const [zip, city, country, region] = [text('zip'), text('city'), text('country'), text('region')]
  const delivery = { name, phone, address, zip, city, country, ...(region === '' ? {} : { region }) }
  return { email: text('email'), delivery }
}

type Props<Of> = { field: Of; value: string; complaint: string | undefined }

function TextField({ field, value, complaint }: Props<Field>) {
  const complaintId = useId()
  const { name, inputMode, autocomplete, isRequired } = field
  return (
    <div class="field">
      <label class="field">
        {words.fields[name]}
        <input
          name={name}
          inputMode={inputMode}
          autocomplete={autocomplete}
          required={isRequired}
          pattern={isRequired ? '.*\\S.*' : undefined}
          maxLength={charactersMax}
          defaultValue={value}
          aria-invalid={complaint !== undefined}
          aria-describedby={complaint === undefined ? undefined : complaintId}
        />
      </label>
      {complaint !== undefined && (
        <p id={complaintId} class="bad">
          {complaint}
        </p>
      )}
    </div>
  )
}

const collator = new Intl.Collator()
const offered = [...countries]
  .map(code => [code, countryName(code) ?? code] as const)
  .sort(([, one], [, other]) => collator.compare(one, other))

function CountryField({ value, complaint }: Omit<Props<never>, 'field'>) {
  return (
    <div class="field">
      <label class="field">
        {words.fields.country}
        <select name="country" autocomplete="country" required aria-invalid={complaint !== undefined}>
          <option value="" selected={value === ''}>
            {words.chooseCountry}
          </option>
          {offered.map(([code, name]) => (
            <option key={code} value={code} selected={code === value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {complaint !== undefined && <p class="bad">{complaint}</p>}
    </div>
  )
}
