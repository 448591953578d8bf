import type { SettlementLine } from './settlement.ts'

/** What some lines of a payout come to. */
export type PayoutSum = {
  payout: string
  currency: string
  /** Lines beside the payout's own, and their net. */
  lines: number
  linesNet: number
  /** Its own lines. */
  payouts: number
  payoutNet: number
}

/** Sums the lines of each payout while they pass: grouping them in the database takes a second for a million. */
export function collectPayouts() {
  const sums = new Map<string, PayoutSum>()
  let ended: PayoutSum[] = []
  let last: PayoutSum | undefined
  const sumOf = (payout: string, currency: string): PayoutSum => {
    // Lines of a payout stand together.
    if (last?.payout === payout && last.currency === currency) return last
    const key = `${currency}${payout}`
    last = sums.get(key)
    if (last !== undefined) return last
    last = { payout, currency, lines: 0, linesNet: 0, payouts: 0, payoutNet: 0 }
    sums.set(key, last)
    return last
  }
  return {
    /** How many sums there are. */
    get size(): number {
      return sums.size + ended.length
    },
    add(lines: readonly SettlementLine[]): void {
      for (const { kind, payout, net, netCurrency } of lines) {
        if (payout === undefined) continue
        const sum = sumOf(payout, netCurrency)
        const isPayout = kind === 'payout'
        const next = (isPayout ? sum.payoutNet : sum.linesNet) + net
        if (!Number.isSafeInteger(next)) {
          ended.push({ ...sum })
          Object.assign(sum, { lines: 0, linesNet: 0, payouts: 0, payoutNet: 0 })
        }
        if (isPayout) {
          sum.payouts += 1
          sum.payoutNet += net
        } else {
          sum.lines += 1
          sum.linesNet += net
        }
      }
    },
    /** Hands the sums over, several of one payout among them, and forgets them. */
    take(): PayoutSum[] {
      const taken = [...ended, ...sums.values()]
      sums.clear()
      ended = []
      last = undefined
      return taken
    },
  }
}
