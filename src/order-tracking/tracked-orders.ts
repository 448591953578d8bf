import { readShipmentsOf } from '../deliveries/load.ts'
import { AppError } from '../errors.ts'
import { createAllowance } from '../platform/allowance.ts'
import type { Pool } from '../platform/postgres.ts'
import { createSlots } from '../platform/slots.ts'
import { readCheckpointsOf, readParcelsOf } from '../tracking/parcel-queries.ts'
import { countUnits, findLinkable, type LinkableOrder, readLinkSecret } from './link-queries.ts'
import { createLinkTokens, type LinkedOrder, type LinkTokens } from './link-token.ts'
import { parcelsMax, presentOrder } from './presentation.ts'
import type { TrackedOrder } from './views.ts'

/** Reads that run at a time, and that may wait for it. */
const readsMax = 8
const waitingMax = 2_000

/** Links that are opened, at once and a second; those that the service has not made have an allowance of their own, which blocks nobody. */
const opensAllowed = { burst: 1_000, perSecond: 500 }
const guessesAllowed = { burst: 100, perSecond: 20 }

/** An order's tracking page, and what it is about. */
export type OpenedOrder = Readonly<{
  orderUid: string
  page: TrackedOrder
  /** The numbers of the parcels on it. */
  numbers: readonly string[]
}>

/** The tracking pages of orders. */
export type TrackedOrders = Readonly<{
  /**
   * Opens a link: one look-up for a link that is unknown, was revoked or has expired, of which the caller is told nothing.
   *
   * @returns undefined when there is nothing to be shown
   * @throws AppError TOO_MANY_REQUESTS, OVERLOADED; the database's error
   */
  open(token: string): Promise<OpenedOrder | undefined>
  /** The same for a page that is open, which no allowance counts. */
  follow(token: string): Promise<OpenedOrder | undefined>
  /** The token of an order's link; undefined when there is no such order, or its page has ended. */
  linkOf(orderUid: string): Promise<string | undefined>
  /** Forgets the secret: the database may have another one now. */
  forgetSecret(): void
}>

type Options = Readonly<{
  pool: Pool
  /** Milliseconds since 1970 by the clock of the database. */
  now: () => number
  /** How long the page of an order that is over stays. */
  shownMs: number
}>

export function createTrackedOrders({ pool, now, shownMs }: Options): TrackedOrders {
  const steady = () => performance.now()
  const mayOpen = createAllowance({ ...opensAllowed, now: steady })
  const mayGuess = createAllowance({ ...guessesAllowed, now: steady })
  const inSlot = createSlots(readsMax)
  let waiting = 0
  const tokens = tokensOf(pool)

  async function read(linked: LinkedOrder | undefined): Promise<OpenedOrder | undefined> {
    if (waiting >= waitingMax) throw new AppError('OVERLOADED', 'too many orders are being read')
    waiting += 1
    try {
      // No order has the empty uid: a link that nobody has made takes as long as one that was revoked.
      return await inSlot(async () => {
        const order = await findLinkable(pool, linked?.orderUid ?? '')
        const isOpen = order !== undefined && order.revision === linked?.revision && isShown(order, now(), shownMs)
        return isOpen ? openOrder(pool, order, now()) : undefined
      })
    } finally {
      waiting -= 1
    }
  }

  return {
    async open(token) {
      const linked = (await tokens.now()).read(token)
      if (linked === undefined ? !mayGuess() : !mayOpen())
        throw new AppError('TOO_MANY_REQUESTS', 'too many tracking pages are asked for')
      return read(linked)
    },
    follow: async token => read((await tokens.now()).read(token)),
    async linkOf(orderUid) {
      const order = await findLinkable(pool, orderUid)
      if (order === undefined || !isShown(order, now(), shownMs)) return undefined
      return (await tokens.now()).tokenOf(order)
    },
    forgetSecret: tokens.forget,
  }
}

/** The tokens by the secret of the database, which is read when it is first needed. */
function tokensOf(pool: Pool): Readonly<{ now: () => Promise<LinkTokens>; forget: () => void }> {
  let known: Promise<LinkTokens> | undefined
  const forget = () => {
    known = undefined
  }
  return {
    forget,
    now() {
      if (known !== undefined) return known
      const reading = readLinkSecret(pool).then(createLinkTokens)
      known = reading
      reading.catch(() => {
        if (known === reading) forget()
      })
      return reading
    },
  }
}

/** Whether an order has a tracking page: not once its customer was erased, and not for ever after it is over. Pure. */
export function isShown(
  { isErased, status, updatedAtMs }: Pick<LinkableOrder, 'isErased' | 'status' | 'updatedAtMs'>,
  nowMs: number,
  shownMs: number,
): boolean {
  if (isErased) return false
  const isOver = status === 'completed' || status === 'cancelled' || status === 'expired'
  return !isOver || nowMs < updatedAtMs + shownMs
}

async function openOrder(pool: Pool, order: LinkableOrder, nowMs: number): Promise<OpenedOrder> {
  const { orderUid } = order
  const units = await countUnits(pool, orderUid)
  const shipments = await readShipmentsOf(pool, orderUid)
  const parcels = await readParcelsOf(pool, { orderUid, parcelsMax: parcelsMax + 1 })
  const shown = parcels.slice(0, parcelsMax).map(({ parcel }) => parcel)
  const checkpoints = await readCheckpointsOf(pool, shown)
  const page = presentOrder(order, { units, shipments, parcels, checkpoints }, nowMs)
  return { orderUid, page, numbers: shown.map(({ number }) => number) }
}
