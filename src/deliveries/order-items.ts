/** An item of an order: a unit that can be shipped. */
export type OrderItem = Readonly<{
  /** Its place in the document, from 0. */
  line: number
  rid: string
  chrtId: number
  /** The parcel that the sender has put it in. */
  trackNumber: string
}>

/** The items of an order, in their order. @param document a stored one: a JSON object that kept the contract */
export function itemsOf(document: string): OrderItem[] {
  const { items } = JSON.parse(document) as { items: { rid: string; chrt_id: number; track_number: string }[] }
  return items.map(({ rid, chrt_id: chrtId, track_number: trackNumber }, line) => ({ line, rid, chrtId, trackNumber }))
}
