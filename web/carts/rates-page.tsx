import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { useFreshList } from '../parts/fresh.ts'
import { ListContent } from '../parts/list-content.tsx'
import { countryName } from '../platform/country-name.ts'
import { notify } from '../platform/notices.ts'
import { PagedList } from '../platform/paged.ts'
import { PageHead } from '../shell/page.tsx'
import { ratesAddress } from './addresses.ts'
import { CountryFilter, countryIn, EndDialog, RowActions } from './price-parts.tsx'
import { percentOf, type Rate } from './rate.ts'
import { RateForm } from './rate-form.tsx'
import { texts } from './texts.ts'

const refreshEveryMs = 5_000
const pageSize = 50
const words = texts.rates

/** What is asked: the fields of a rate, a new one if there is none, or whether to remove it. */
type Asked = { what: 'save' | 'end'; rate: Rate | undefined }

/** All tax rates. */
export default function RatesPage() {
  const location = useLocation()
  const country = countryIn(location.query)
  const asked = useSignal<Asked | undefined>(undefined)
  const list = useMemo(() => {
    const query = new URLSearchParams({ limit: String(pageSize), ...(country && { country }) })
    return new PagedList<Rate>(`/api/tax-rates?${query}`)
  }, [country])
  useFreshList(list, refreshEveryMs)
  return (
    <>
      <PageHead title={words.title}>
        <button type="button" onClick={() => (asked.value = { what: 'save', rate: undefined })}>
          {words.add}
        </button>
      </PageHead>
      <CountryFilter
        label={words.ofCountry}
        chosen={country}
        choose={query => location.route(ratesAddress(query), true)}
      />
      <ListContent
        list={list}
        more={texts.more}
        none={country === undefined ? words.none : words.noMatch}
        hint={country === undefined ? words.noneHint : undefined}
        clear={country === undefined ? undefined : () => location.route(ratesAddress(), true)}
      >
        {rows => <Rows rates={rows} ask={to => (asked.value = to)} />}
      </ListContent>
      {asked.value !== undefined && (
        <AskedDialog asked={asked.value} list={list} close={() => (asked.value = undefined)} />
      )}
    </>
  )
}

function Rows({ rates, ask }: { rates: readonly Rate[]; ask: (asked: Asked) => void }) {
  const { columns } = words
  return (
    <table class="rows rates">
      <thead>
        <tr>
          <th scope="col">{columns.place}</th>
          <th scope="col">{columns.taxClass}</th>
          <th scope="col">{columns.rate}</th>
          <th scope="col" class="act">
            <span class="hidden">{texts.actions}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rates.map(rate => (
          <tr key={rate.id}>
            <td>
              <strong>{placeOf(rate)}</strong> <span class="uid faint">{rate.id}</span>
            </td>
            <td>{rate.tax_class}</td>
            <td>
              {words.rateOf(rate.name, percentOf(rate.rate_ppm))}{' '}
              <span class="faint">{rate.inclusive ? words.included : words.added}</span>
            </td>
            <RowActions
              name={rate.id}
              edit={() => ask({ what: 'save', rate })}
              end={{ label: texts.remove, ask: () => ask({ what: 'end', rate }) }}
            />
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function placeOf({ country, region }: Rate): string {
  return [countryName(country), region].filter(Boolean).join(', ')
}

type DialogProps = { asked: Asked; list: PagedList<Rate>; close: () => void }

function AskedDialog({ asked: { what, rate }, list, close }: DialogProps) {
  if (what === 'save' || rate === undefined) {
    const saved = (now: Rate) => {
      close()
      if (rate === undefined) void list.renew()
      else list.replace(now)
    }
    return <RateForm rate={rate} done={saved} close={close} />
  }
  return (
    <EndDialog
      title={words.removeTitle(rate.id)}
      text={words.removeText}
      submit={texts.remove}
      path={`/api/tax-rates/${encodeURIComponent(rate.id)}`}
      done={() => {
        notify({ tone: 'good', text: texts.removed(rate.id) })
        close()
        void list.renew()
      }}
      close={close}
    />
  )
}
