import type { TargetedSubmitEvent } from 'preact'
import { useMemo } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { textOf } from '../parts/form-dialog.tsx'
import { ListContent } from '../parts/list-content.tsx'
import { useFreshList } from '../parts/fresh.ts'
import { commonTexts } from '../parts/texts.ts'
import { PagedList } from '../platform/paged.ts'
import { localTime, timeOf } from '../platform/time.ts'
import { PageHead } from '../shell/page.tsx'
import { booksAddress, ledgerAddress } from './addresses.ts'
import { BalanceTables } from './balance-tables.tsx'
import { type Balance, readBalances } from './ledger.ts'
import { texts } from './texts.ts'

const refreshEveryMs = 5_000
const orderUidCharactersMax = 64

/** The balances of all accounts, now or at a time. */
export default function AccountsPage() {
  const location = useLocation()
  const at = timeOf(location.query.at)
  const query = new URLSearchParams(at === undefined ? {} : { at }).toString()
  const list = useMemo(() => new PagedList<Balance>(`/api/ledger/accounts?${query}`, readBalances), [query])
  useFreshList(list, refreshEveryMs)
  return (
    <>
      <PageHead title={texts.title} />
      <section class="filters" aria-label={commonTexts.filters}>
        <div class="filter-row">
          <TimeChoice at={at} choose={time => location.route(ledgerAddress(time), true)} />
          <OrderChoice open={uid => location.route(booksAddress(uid))} />
        </div>
      </section>
      <ListContent
        list={list}
        none={at === undefined ? texts.none : texts.noneThen}
        hint={at === undefined ? texts.noneHint : undefined}
        more={texts.more}
      >
        {rows => <BalanceTables balances={rows} isComplete={list.isComplete.value} />}
      </ListContent>
    </>
  )
}

/** Asks for the time of the balances, in the reader's zone. */
function TimeChoice({ at, choose }: { at: string | undefined; choose: (at: string | undefined) => void }) {
  return (
    <>
      <label class="at">
        <span class="faint">{texts.at}</span>
        <input
          type="datetime-local"
          step={1}
          title={texts.atHint}
          value={at === undefined ? '' : localTime(at)}
          onChange={event => choose(timeOf(event.currentTarget.value))}
        />
      </label>
      {at !== undefined && (
        <button type="button" class="second small" onClick={() => choose(undefined)}>
          {texts.now}
        </button>
      )}
    </>
  )
}

function OrderChoice({ open }: { open: (uid: string) => void }) {
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    open(textOf(new FormData(event.currentTarget), 'uid'))
  }
  return (
    <form class="books-search" onSubmit={submit}>
      <input
        type="search"
        name="uid"
        required
        maxLength={orderUidCharactersMax}
        aria-label={texts.find}
        placeholder={texts.find}
        autocomplete="off"
        spellcheck={false}
      />
    </form>
  )
}
