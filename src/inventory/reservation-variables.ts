import { choiceVariable, integerVariable, type Variable } from '../platform/variables.ts'

/** The environment variables of reservations. */

const page = 'inventory.md'

export const untrackedItems = choiceVariable(
  {
    name: 'STOCK_UNTRACKED',
    preset: 'allow',
    meaning: 'what becomes of orders for items without stock: allow takes them, refuse treats such items as sold out',
    page,
  },
  ['allow', 'refuse'],
)
export type UntrackedItems = 'allow' | 'refuse'

export const reserveOn = choiceVariable(
  {
    name: 'RESERVE_ON',
    preset: 'checkout',
    meaning:
      'when a cart reserves stock: with its checkout, or cart: with each change of its lines, for RESERVATION_MINUTES',
    page,
  },
  ['checkout', 'cart'],
)

const minutes = (name: string, preset: string, meaning: string): Variable<number> => {
  const variable = integerVariable({ name, preset, meaning, page }, 1, 525_600)
  return { ...variable, read: given => variable.read(given) * 60_000 }
}

/** In milliseconds, like the next. */
export const reservationMs = minutes(
  'RESERVATION_MINUTES',
  '60',
  'how long an unpaid order, or a cart, keeps the stock that it has reserved, in minutes',
)

export const reservationMaxMs = minutes(
  'RESERVATION_MAX_MINUTES',
  '1440',
  'how long it keeps it at most while a payment is under way, in minutes',
)

export const reservationVariables = [untrackedItems, reserveOn, reservationMs, reservationMaxMs]
