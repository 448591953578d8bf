import type { Result } from './settlement.ts'

/** A line that names a payment, or a payment that no line names (`row` null). Amounts are whole numbers in decimal, in minor units. */
export type ComparedLine = Readonly<{
  result: Result
  row: number | null
  line_id: string | null
  kind: string
  order_uid: string | null
  payment_id: string | null
  reference: string | null
  currency: string | null
  amount: string | null
  fee: string | null
  net_currency: string | null
  /** What is in the payments. */
  ours_currency: string | null
  ours_amount: string | null
}>
