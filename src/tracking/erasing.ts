import type { ErasePart } from '../erase-part.ts'
import { erasedText } from './checkpoint.ts'

/**
 * Erases the carriers' words of an order's parcels, which may name who signed for them. Times, places and codes stay, and so do the keys: a
 * report that repeats a checkpoint does not bring its words back.
 */
export const eraseWords: NonNullable<ErasePart['ofOrders']> = async (client, orderUids) => {
  await client.query(
    `update parcel_checkpoints c
        set text = $2
       from parcel_shipments s
      where s.order_uid = any($1) and c.number = s.number and c.carrier = s.carrier and c.text not in ('', $2)`,
    [orderUids, erasedText],
  )
}
