import { nextPage, Refusal, request } from '../platform/api.ts'
import { Latest } from '../platform/latest.ts'
import { PagedList } from '../platform/paged.ts'
import {
  type Cart,
  type Erasure,
  type Event,
  type Order,
  type Payment,
  type Return,
  type Shipment,
  toRow,
} from './customer.ts'

/** Orders that are read at a time. */
const ordersMax = 20
/** The most orders that one request narrows a list to. */
const narrowedMax = 100
/** The most entries that are shown of everything but orders. */
export const entriesMax = 100

/** Entries of a list, and whether it has more than are shown. */
export type Entries<Entry> = Readonly<{ entries: readonly Entry[]; isCut: boolean }>

/** What belongs to the orders that are shown. */
export type Parts = Readonly<{ shipments: Entries<Shipment>; returns: Entries<Return>; payments: Entries<Payment> }>

/** Everything that the page of a customer shows, read again while it is open. */
export class CustomerModel {
  readonly id: string
  /** `/api/customers/:id`. */
  readonly path: string
  readonly orders: PagedList<ReturnType<typeof toRow>>
  readonly parts: Latest<Parts>
  /** Undefined in it: the key has no scope for carts. */
  readonly carts: Latest<Entries<Cart> | 'not allowed'>
  readonly corrections: Latest<Entries<Event>>
  readonly erasures: Latest<readonly Erasure[] | 'not allowed'>

  constructor(id: string) {
    const customer = new URLSearchParams({ customer_id: id })
    this.id = id
    this.path = `/api/customers/${encodeURIComponent(id)}`
    this.orders = new PagedList(`/api/orders?${customer}&limit=${ordersMax}`, text =>
      (JSON.parse(text) as Order[]).map(toRow),
    )
    this.parts = new Latest(() => this.#readParts())
    this.carts = new Latest(() => ifAllowed(read<Cart>(`/api/carts?${customer}`)))
    const corrected = 'type=order.delivery_corrected&sort=newest'
    this.corrections = new Latest(() => read<Event>(`/api/events?${customer}&${corrected}`))
    this.erasures = new Latest(() =>
      ifAllowed(
        request(`${this.path}/erasures`, { isOptional: true }).then(
          async response => (await response.json()) as Erasure[],
        ),
      ),
    )
  }

  /** Whether an erasure is not finished. */
  get isErasing(): boolean {
    const erasures = this.erasures.value.peek()
    return Array.isArray(erasures) && erasures.some(({ state }) => state === 'running')
  }

  /** Reads everything: the first page of the orders, and what belongs to those that are shown. */
  async load(): Promise<void> {
    const ordersFirst = this.orders.rows.peek() === undefined ? this.orders.renew() : this.orders.refresh()
    await Promise.all([
      ordersFirst.then(() => this.parts.load()),
      loadIfAllowed(this.carts),
      this.corrections.load(),
      loadIfAllowed(this.erasures),
    ])
  }

  /** Reads the next page of the orders, and what belongs to them. */
  async more(): Promise<void> {
    await this.orders.more()
    await this.parts.load()
  }

  async #readParts(): Promise<Parts> {
    const uids = (this.orders.rows.peek() ?? []).map(({ id }) => id)
    const [shipments, returns, payments] = await Promise.all([
      readOf<Shipment>('shipments', uids),
      readOf<Return>('returns', uids),
      readOf<Payment>('payments', uids),
    ])
    return { shipments, returns, payments }
  }
}

/** The newest entries of a list that belong to some orders. */
async function readOf<Entry extends { created_at: string }>(
  list: string,
  orderUids: readonly string[],
): Promise<Entries<Entry>> {
  const chunks: Entries<Entry>[] = []
  for (let at = 0; at < orderUids.length; at += narrowedMax) {
    chunks.push(await read<Entry>(`/api/${list}?order_uid=${orderUids.slice(at, at + narrowedMax).join(',')}`))
  }
  const entries = chunks.flatMap(chunk => chunk.entries)
  if (chunks.length > 1) entries.sort((one, other) => Date.parse(other.created_at) - Date.parse(one.created_at))
  const isCut = entries.length > entriesMax || chunks.some(chunk => chunk.isCut)
  return { entries: entries.slice(0, entriesMax), isCut }
}

/** @param path with a query already */
async function read<Entry>(path: string): Promise<Entries<Entry>> {
  const response = await request(`${path}&limit=${entriesMax}`, { isOptional: true })
  return { entries: (await response.json()) as Entry[], isCut: nextPage(response) !== undefined }
}

/** Reads something again, unless the key may not. */
async function loadIfAllowed(model: Latest<unknown>): Promise<void> {
  if (model.value.peek() !== 'not allowed') await model.load()
}

/** What only some keys may read: the page does without it. */
function ifAllowed<Answer>(answer: Promise<Answer>): Promise<Answer | 'not allowed'> {
  return answer.catch(error => {
    if (error instanceof Refusal && error.code === 'SCOPE_MISSING') return 'not allowed' as const
    throw error
  })
}
