import { isCountry } from '../../src/platform/countries.ts'

const names = new Intl.DisplayNames(undefined, { type: 'region' })

/**
 * The name of a country in the user's language.
 *
 * @param code as the document has it; what is no code, as older documents may hold it, is shown as it is
 */
export function countryName(code: unknown): string | undefined {
  if (typeof code !== 'string') return undefined
  return isCountry(code) ? names.of(code) : code
}
