import type { Channel } from '../platform/asyncapi.ts'
import { countMessage, movementMessage } from './requests.ts'

/** The topic of movements and counts. */
export function stockChannel(address: string): Channel {
  const common = { chrt_id: 9934930, location: 'main', actor: 'wms' }
  return {
    name: 'stock',
    address,
    server: 'kafka',
    action: 'receive',
    title: 'Movements and counts of stock come in',
    description: 'KAFKA_STOCK_TOPIC. What is refused becomes a dead letter that says why.',
    messages: [
      {
        name: 'stock-movement',
        title: 'A movement of stock',
        summary: 'It is recorded once, however often it comes',
        contentType: 'application/json',
        key: 'The chrt_id, so that what concerns one item stays in its order',
        payload: { $ref: '#/components/schemas/StockMovementMessage' },
        examples: [{ payload: { ...common, kind: 'received', quantity: 100, external_id: 'wms-4711-1' } }],
      },
      {
        name: 'stock-count',
        title: 'A count of stock',
        summary: 'One that is older than what on_hand is known by is kept, and changes nothing',
        contentType: 'application/json',
        key: 'The chrt_id, so that what concerns one item stays in its order',
        payload: { $ref: '#/components/schemas/StockCountMessage' },
        examples: [{ payload: { ...common, counted: 98, as_of: '2026-11-29T09:30:00Z', external_id: 'count-7-1' } }],
      },
    ],
  }
}

/** The schemas that the channel refers to. */
export const stockMessageSchemas = { StockMovementMessage: movementMessage, StockCountMessage: countMessage }
