import { money } from '../platform/money.ts'
import { type Balance, balanceText, sumOf } from './ledger.ts'
import { texts } from './texts.ts'

const { columns } = texts

/** Balances, in a table for each currency. @param isComplete whether these are all accounts, so that they can be summed up */
export function BalanceTables({ balances, isComplete }: { balances: readonly Balance[]; isComplete: boolean }) {
  const byCurrency = [...Map.groupBy(balances, ({ currency }) => currency)].sort(([a], [b]) => (a < b ? -1 : 1))
  return (
    <div class="stack">
      {byCurrency.map(([currency, ofCurrency]) => (
        <table key={currency} class="rows accounts">
          <caption>{currency}</caption>
          <thead>
            <tr>
              <th scope="col">{columns.account}</th>
              <th scope="col" class="amount">
                {columns.debits}
              </th>
              <th scope="col" class="amount">
                {columns.credits}
              </th>
              <th scope="col" class="amount">
                {columns.balance}
              </th>
            </tr>
          </thead>
          <tbody>
            {ofCurrency.map(balance => (
              <tr key={balance.id}>
                <th scope="row">
                  <span class="account">{balance.account}</span> <Meaning of={balance.account} />
                </th>
                <Sums currency={currency} debits={BigInt(balance.debits)} credits={BigInt(balance.credits)} />
              </tr>
            ))}
          </tbody>
          {isComplete && <Total balances={ofCurrency} currency={currency} />}
        </table>
      ))}
    </div>
  )
}

function Total({ balances, currency }: { balances: readonly Balance[]; currency: string }) {
  return (
    <tfoot>
      <tr>
        <th scope="row">{texts.total}</th>
        <Sums
          currency={currency}
          debits={sumOf(balances.map(({ debits }) => debits))}
          credits={sumOf(balances.map(({ credits }) => credits))}
        />
      </tr>
    </tfoot>
  )
}

function Sums({ currency, debits, credits }: { currency: string; debits: bigint; credits: bigint }) {
  return (
    <>
      <td class="amount" data-label={columns.debits}>
        {money(String(debits), currency)}
      </td>
      <td class="amount" data-label={columns.credits}>
        {money(String(credits), currency)}
      </td>
      <td class="amount" data-label={columns.balance}>
        {balanceText(debits - credits, currency)}
      </td>
    </>
  )
}

/** What an account is for. Shows nothing for one that is not known here. */
function Meaning({ of: account }: { of: string }) {
  const meaning = (texts.meanings as Record<string, string>)[account.split(':')[0] ?? '']
  return meaning === undefined ? null : <span class="faint">{meaning}</span>
}
