import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { useFreshList } from '../parts/fresh.ts'
import { ListContent } from '../parts/list-content.tsx'
import { notify } from '../platform/notices.ts'
import { PagedList } from '../platform/paged.ts'
import { PageHead } from '../shell/page.tsx'
import { methodsAddress } from './addresses.ts'
import { amountsText } from './discount.ts'
import { countriesText, type Method, type MethodRow, readMethods, toRow } from './method.ts'
import { MethodForm } from './method-form.tsx'
import { CountryFilter, countryIn, EndDialog, RowActions } from './price-parts.tsx'
import { texts } from './texts.ts'

const refreshEveryMs = 5_000
const pageSize = 50
const words = texts.methods

/** What is asked: the fields of a method, a new one if there is none, or whether to deactivate it. */
type Asked = { what: 'save' | 'end'; method: MethodRow | undefined }

/** All delivery methods, those that are not active too. */
export default function MethodsPage() {
  const location = useLocation()
  const country = countryIn(location.query)
  const asked = useSignal<Asked | undefined>(undefined)
  const list = useMemo(() => {
    const query = new URLSearchParams({ all: 'true', limit: String(pageSize), ...(country && { country }) })
    return new PagedList<MethodRow>(`/api/delivery-methods?${query}`, readMethods)
  }, [country])
  useFreshList(list, refreshEveryMs)
  return (
    <>
      <PageHead title={words.title}>
        <button type="button" onClick={() => (asked.value = { what: 'save', method: undefined })}>
          {words.add}
        </button>
      </PageHead>
      <CountryFilter
        label={words.deliversTo}
        chosen={country}
        choose={query => location.route(methodsAddress(query), true)}
      />
      <ListContent
        list={list}
        more={texts.more}
        none={country === undefined ? words.none : words.noMatch}
        hint={country === undefined ? words.noneHint : undefined}
        clear={country === undefined ? undefined : () => location.route(methodsAddress(), true)}
      >
        {rows => <Rows methods={rows} ask={to => (asked.value = to)} />}
      </ListContent>
      {asked.value !== undefined && (
        <AskedDialog asked={asked.value} list={list} close={() => (asked.value = undefined)} />
      )}
    </>
  )
}

function Rows({ methods, ask }: { methods: readonly MethodRow[]; ask: (asked: Asked) => void }) {
  const { columns } = words
  return (
    <table class="rows methods">
      <thead>
        <tr>
          <th scope="col">{columns.method}</th>
          <th scope="col">{columns.prices}</th>
          <th scope="col">{columns.countries}</th>
          <th scope="col" class="act">
            <span class="hidden">{texts.actions}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {methods.map(method => (
          <tr key={method.id}>
            <td>
              <strong>{method.name}</strong> <span class="uid faint">{method.method}</span>{' '}
              {!method.active && <span class="tag">{texts.inactive}</span>}
            </td>
            <td>
              {amountsText(method.prices)}
              <ul class="faint">
                {method.free_from !== null && <li>{words.freeFrom(amountsText(method.free_from))}</li>}
                {method.tax_class !== null && <li>{words.taxedAs(method.tax_class)}</li>}
              </ul>
            </td>
            <td>{countriesText(method.countries)}</td>
            <RowActions
              name={method.name}
              edit={() => ask({ what: 'save', method })}
              end={method.active ? { label: texts.deactivate, ask: () => ask({ what: 'end', method }) } : undefined}
            />
          </tr>
        ))}
      </tbody>
    </table>
  )
}

type DialogProps = { asked: Asked; list: PagedList<MethodRow>; close: () => void }

function AskedDialog({ asked: { what, method }, list, close }: DialogProps) {
  const saved = (now: Method) => {
    close()
    if (method === undefined) void list.renew()
    else list.replace(toRow(now))
  }
  if (what === 'save' || method === undefined) return <MethodForm method={method} done={saved} close={close} />
  return (
    <EndDialog
      title={texts.deactivateTitle(method.name)}
      text={words.deactivateText}
      submit={texts.deactivate}
      path={`/api/delivery-methods/${encodeURIComponent(method.method)}`}
      done={() => {
        notify({ tone: 'good', text: texts.deactivated(method.name) })
        saved({ ...method, active: false })
      }}
      close={close}
    />
  )
}
