import { useEffect, useMemo } from 'preact/hooks'
import { Empty, Failure, Skeleton } from '../parts/states.tsx'
import { Time } from '../parts/time.tsx'
import { Refusal } from '../platform/api.ts'
import { money } from '../platform/money.ts'
import { PagedList } from '../platform/paged.ts'
import { balanceText, readTransfers, sumOf, type TAccount, tAccountsOf, type Transfer } from './ledger.ts'
import { texts } from './texts.ts'

const words = texts.books

/** The books of an order as T-accounts. @param edition they are read again when it changes */
export function Books({ orderUid, edition = '' }: { orderUid: string; edition?: string }) {
  const address = `/api/orders/${encodeURIComponent(orderUid)}/ledger`
  const list = useMemo(() => new PagedList<Transfer>(address, readTransfers), [address])
  useEffect(() => void list.renew(), [list, edition])
  const transfers = list.rows.value
  const failure = list.failure.value
  if (failure instanceof Refusal && failure.status === 404) {
    return (
      <Empty title={words.unknown(orderUid)}>
        <p>{words.unknownHint}</p>
      </Empty>
    )
  }
  if (failure !== undefined) return <Failure error={failure} retry={() => void list.renew()} />
  if (transfers === undefined) return <Skeleton lines={4} />
  if (transfers.length === 0) return <p class="faint">{words.none}</p>
  return (
    <>
      <div class="t-accounts">
        {tAccountsOf(transfers).map(account => (
          <Account key={`${account.account} ${account.currency}`} account={account} />
        ))}
      </div>
      <p class="faint">{list.isComplete.value ? <Agreement transfers={transfers} /> : words.first(transfers.length)}</p>
    </>
  )
}

/** One account: debits left, credits right, and their sums below. */
function Account({ account: { account, currency, debits, credits } }: { account: TAccount }) {
  const lines = Array.from({ length: Math.max(debits.length, credits.length) }, (_, line) => line)
  const [debited, credited] = [debits, credits].map(side => sumOf(side.map(({ amount }) => amount))) as [bigint, bigint]
  return (
    <table class="t-account">
      <caption>
        <span class="account">{account}</span>
      </caption>
      <thead>
        <tr>
          <th scope="col">{words.debit}</th>
          <th scope="col">{words.credit}</th>
        </tr>
      </thead>
      <tbody>
        {lines.map(line => (
          <tr key={line}>
            <Entry transfer={debits[line]} />
            <Entry transfer={credits[line]} />
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <td class="amount">{money(String(debited), currency)}</td>
          <td class="amount">{money(String(credited), currency)}</td>
        </tr>
        <tr>
          <td colSpan={2} class="faint">
            {words.balance(balanceText(debited - credited, currency))}
          </td>
        </tr>
      </tfoot>
    </table>
  )
}

/** Half a line of an account. */
function Entry({ transfer }: { transfer: Transfer | undefined }) {
  if (transfer === undefined) return <td />
  const { kind, amount, currency, recorded_at: recordedAt } = transfer
  return (
    <td>
      <span class="amount">{money(amount, currency)}</span>
      <span class="faint">
        {(words.kinds as Record<string, string>)[kind] ?? kind} · <Time at={recordedAt} />
      </span>
    </td>
  )
}

/** Each transfer has a debit and a credit, so that both sides come to the same. */
function Agreement({ transfers }: { transfers: readonly Transfer[] }) {
  const byCurrency = [...Map.groupBy(transfers, ({ currency }) => currency)]
  return (
    <>
      {byCurrency.map(([currency, ofCurrency]) => (
        <span key={currency}>
          {words.same(money(String(sumOf(ofCurrency.map(({ amount }) => amount))), currency))}{' '}
        </span>
      ))}
    </>
  )
}
