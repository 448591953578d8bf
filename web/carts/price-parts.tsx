import { countries, isCountry } from '../../src/platform/countries.ts'
import { TextField } from '../parts/fields.tsx'
import { FormDialog } from '../parts/form-dialog.tsx'
import { commonTexts } from '../parts/texts.ts'
import { request } from '../platform/api.ts'
import { countryName } from '../platform/country-name.ts'
import { texts } from './texts.ts'

/** What the pages of discount codes, delivery methods and tax rates share. */

const idCharactersMax = 64

/** Asks for the id of something new. */
export function IdField({ label, hint }: { label: string; hint: string }) {
  return (
    <TextField
      label={label}
      name="id"
      isRequired
      charactersMax={idCharactersMax}
      pattern="[A-Za-z0-9_\-]+"
      hint={hint}
    />
  )
}

/** Asks for a tax class. */
export function TaxClassField({ label, value, isRequired }: { label: string; value: string; isRequired: boolean }) {
  return (
    <TextField
      label={label}
      name="tax_class"
      isRequired={isRequired}
      value={value}
      charactersMax={idCharactersMax}
      pattern="[A-Za-z0-9_\-]+"
    />
  )
}

let sorted: readonly (readonly [code: string, name: string])[] | undefined

/** Every country with its name, by name. */
function countriesByName() {
  sorted ??= [...countries]
    .map(code => [code, countryName(code) ?? code] as const)
    .sort(([, one], [, other]) => one.localeCompare(other))
  return sorted
}

/** The countries as options of a select. */
export function CountryOptions() {
  return (
    <>
      {countriesByName().map(([code, name]) => (
        <option key={code} value={code}>
          {texts.country(name, code)}
        </option>
      ))}
    </>
  )
}

/** The country that an address names; undefined for anything else. */
export function countryIn({ country }: Record<string, string>): string | undefined {
  return country !== undefined && isCountry(country) ? country : undefined
}

type CountryProps = { label: string; chosen: string | undefined; choose: (query: Record<string, string>) => void }

/** Narrows a list to a country. */
export function CountryFilter({ label, chosen, choose }: CountryProps) {
  return (
    <section class="filters" aria-label={commonTexts.filters}>
      <div class="filter-row">
        <select
          class="fitting"
          aria-label={label}
          value={chosen ?? ''}
          onChange={({ currentTarget: { value } }) => choose(value === '' ? {} : { country: value })}
        >
          <option value="">{texts.anyCountry}</option>
          <CountryOptions />
        </select>
      </div>
    </section>
  )
}

type ActionsProps = {
  /** What the row is about. */
  name: string
  edit: () => void
  /** What ends it, if it can be ended. */
  end?: { label: string; ask: () => void } | undefined
}

/** What can be done with a row. */
export function RowActions({ name, edit, end }: ActionsProps) {
  return (
    <td class="act">
      <span class="buttons">
        <button
          type="button"
          class="second small"
          aria-label={texts.labelled(texts.edit, name)}
          data-row
          onClick={edit}
        >
          {texts.edit}
        </button>
        {end !== undefined && (
          <button
            type="button"
            class="danger-quiet small"
            aria-label={texts.labelled(end.label, name)}
            onClick={end.ask}
          >
            {end.label}
          </button>
        )}
      </span>
    </td>
  )
}

type EndProps = {
  title: string
  text: string
  submit: string
  /** What is deleted. */
  path: string
  done: () => void
  close: () => void
}

/** Asks before something is deactivated or removed. */
export function EndDialog({ title, text, submit, path, done, close }: EndProps) {
  const end = async () => {
    await request(path, { method: 'DELETE' })
    done()
  }
  return (
    <FormDialog title={title} submit={submit} isDangerous onSubmit={end} onClose={close}>
      <p>{text}</p>
    </FormDialog>
  )
}
