import type { SettlementLine } from './settlement.ts'

const names = ['payments', 'refunds', 'disputes', 'fees', 'payouts'] as const

/** A sum that may exceed 2^53: the large part takes over what the small one cannot hold. */
type Sum = { small: number; large: bigint }
type Totals = Record<(typeof names)[number], Sum>

/**
 * Sums the lines of the file by currency. Payments, refunds and disputes are positive where the provider owes the money to the shop, a
 * fee where the provider keeps it, a payout where it was paid out.
 */
export function collectTotals() {
  const byCurrency = new Map<string, Totals>()
  return {
    add(lines: readonly SettlementLine[]): void {
      for (const { kind, amount, currency, fee, net, netCurrency } of lines) {
        if (kind === 'payment') add(totalsOf(byCurrency, currency).payments, amount)
        else if (kind === 'refund') add(totalsOf(byCurrency, currency).refunds, amount)
        else if (kind === 'dispute') add(totalsOf(byCurrency, currency).disputes, amount)
        const { fees, payouts } = totalsOf(byCurrency, netCurrency)
        if (kind !== 'payout') add(fees, kind === 'fee' ? -net : fee)
        else for (const part of [net, fee]) add(payouts, -part)
      }
    },
    /** @returns JSON, since numbers have no room for the sums */
    end(): string {
      const rows = [...byCurrency].toSorted(([one], [other]) => (one < other ? -1 : 1))
      return `[${rows.map(([currency, totals]) => jsonOf(currency, totals)).join(',')}]`
    },
  }
}

function totalsOf(byCurrency: Map<string, Totals>, currency: string): Totals {
  const known = byCurrency.get(currency)
  if (known !== undefined) return known
  const none = () => ({ small: 0, large: 0n })
  const totals = { payments: none(), refunds: none(), disputes: none(), fees: none(), payouts: none() }
  byCurrency.set(currency, totals)
  return totals
}

function add(sum: Sum, amount: number): void {
  const small = sum.small + amount
  if (Number.isSafeInteger(small)) {
    sum.small = small
    return
  }
  sum.large += BigInt(sum.small)
  sum.small = amount
}

function jsonOf(currency: string, totals: Totals): string {
  const sums = names.map(name => `"${name}":${totals[name].large + BigInt(totals[name].small)}`)
  return `{"currency":${JSON.stringify(currency)},${sums.join(',')}}`
}
