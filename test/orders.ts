import { createHash } from 'node:crypto'
import type { OrderDocument } from '../src/orders/document.ts'
import { exampleOrder } from '../src/orders/example.ts'

/** A message for the orders topic. `kind` says what is wrong with it, from which its expected outcome follows. */
export type OrderMessage = { kind: Kind; key: string | null; value: Buffer | null }

/** A run's messages: those that are orders, what each order is by its uid, and those that are bad among them. */
export type Traffic = { messages: OrderMessage[]; orders: Map<string, string> }

type Kind = 'order' | 'duplicate' | 'conflict' | BadKind

/**
 * Realistic orders, the same ones each time.
 *
 * @param prefix of their uids, of `A-Z a-z 0-9 _ -`; makes them different from those of other tests
 */
export function makeOrders(count: number, prefix: string): OrderDocument[] {
  const random = repeatableRandom(prefix)
  const firstMs = Date.UTC(2026, 0, 1)
  return Array.from({ length: count }, (_, index) => exampleOrder(`${prefix}-${index}`, firstMs + index, random))
}

/** Numbers from 0 up to 1 that follow from a text (mulberry32). */
export function repeatableRandom(seed: string): () => number {
  let state = createHash('sha256').update(seed).digest().readUInt32LE()
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Where each kind of bad message breaks the contract (a JSON Pointer), and how it is made from a good order. */
const badKinds = {
  'broken JSON': { pointer: '', make: text => text.slice(0, -7) },
  'no bytes': { pointer: '', make: () => '' },
  'null value': { pointer: '', make: () => null },
  'not UTF-8': { pointer: '', make: text => Buffer.from(text.replace('meest', 'm\xffest'), 'latin1') },
  'an array': { pointer: '', make: text => `[${text}]` },
  'a JSON null': { pointer: '', make: () => 'null' },
  'over 1 MiB': { pointer: '', make: text => text.replace('{', `{"note":"${'x'.repeat(1_100_000)}",`) },
  'deep nesting': {
    pointer: '/deep',
    make: text => text.replace('{', `{"deep":${'['.repeat(5e4)}${']'.repeat(5e4)},`),
  },
  'all in __proto__': { pointer: '/order_uid', make: text => `{"__proto__":${text}}` },
  'NUL character': { pointer: '/delivery_service', make: text => text.replace('meest', 'me\\u0000st') },
  'NUL in an unknown field': { pointer: '/note', make: text => text.replace('{', '{"note":"\\u0000",') },
  'half a surrogate pair': { pointer: '/delivery_service', make: text => text.replace('meest', '\\ud83d') },
  'number past 2^53': { pointer: '/sm_id', make: text => text.replace('"sm_id":99', '"sm_id":9007199254740993') },
  'number that is rounded': { pointer: '/extra', make: text => text.replace('{', '{"extra":0.1234567890123456789,') },
  'number that becomes 0': { pointer: '/extra/0', make: text => text.replace('{', '{"extra":[1e-400],') },
  'minus zero': { pointer: '/sm_id', make: text => text.replace('"sm_id":99', '"sm_id":-0') },
  'integer as a double': { pointer: '/sm_id', make: text => text.replace('"sm_id":99', '"sm_id":99.0') },
  'field given twice': { pointer: '/entry', make: text => text.replace('{', '{"entry":"WBIL",') },
  'unknown field given twice': { pointer: '/extra/a', make: text => text.replace('{', '{"extra":{"a":1,"a":1},') },
  'number past 1e308': { pointer: '/extra', make: text => text.replace('{', '{"extra":1e400,') },
  'amount as text': {
    pointer: '/payment/custom_fee',
    make: text => text.replace('"custom_fee":0', '"custom_fee":"0"'),
  },
  'fractional amount': {
    pointer: '/payment/custom_fee',
    make: text => text.replace('"custom_fee":0', '"custom_fee":0.5'),
  },
  'wrong sum': { pointer: '/payment/amount', make: text => text.replace('"custom_fee":0', '"custom_fee":1') },
  'items as an object': {
    pointer: '/items',
    make: text => text.replace('"items":[', '"items":{"length":1},"lines":['),
  },
  'no delivery': { pointer: '/delivery', make: text => text.replace('"delivery":', '"deliveries":') },
  'no such currency': {
    pointer: '/payment/currency',
    make: text => text.replace(/"currency":"..."/, '"currency":"ZZZ"'),
  },
  'withdrawn currency': {
    pointer: '/payment/currency',
    make: text => text.replace(/"currency":"..."/, '"currency":"BGN"'),
  },
  'year 10000': {
    pointer: '/date_created',
    make: text => text.replace(/"date_created":"[^"]+"/, '"date_created":"9999-12-31T23:59:59-01:00"'),
  },
  'no such date': { pointer: '/date_created', make: text => text.replace('2026-01-', '2026-02-3') },
  'bad email': { pointer: '/delivery/email', make: text => text.replace('test@', 'test') },
  'uid with a slash': { pointer: '/order_uid', make: text => text.replace('"order_uid":"', '"order_uid":"../') },
  'a field of ours': { pointer: '/status', make: text => text.replace('{', '{"status":"completed",') },
} as const satisfies Record<string, { pointer: string; make: (text: string) => string | Buffer | null }>

type BadKind = keyof typeof badKinds

/**
 * Messages of which one in a hundred is a duplicate (half of them with other bytes) and one is bad: each kind in turn,
 * among them an order whose uid another one has. Some good ones are unusual: without a key, with fields of other names.
 */
export function makeTraffic(count: number, prefix: string): Traffic {
  const orders = new Map<string, string>()
  const messages: OrderMessage[] = []
  const kinds = [...(Object.keys(badKinds) as BadKind[]), 'conflict' as const]
  let earlier = { key: '', json: '' }
  makeOrders(count, prefix).forEach((order, index) => {
    const key = order.order_uid
    const json = unusual(JSON.stringify(order), index)
    if (index % 100 === 40) messages.push(duplicateOf(earlier, index))
    else if (index % 100 === 60)
      messages.push(badMessage(kinds[Math.floor(index / 100) % kinds.length], earlier, { key, json }))
    else {
      orders.set(key, json)
      // A message without a key may overtake, so nothing refers to it.
      const isKeyless = index % 100 === 80
      messages.push({ kind: 'order', key: isKeyless ? null : key, value: Buffer.from(json) })
      if (!isKeyless) earlier = { key, json }
    }
  })
  return { messages, orders }
}

/** Whether a message becomes a dead letter, with which code, and where it breaks the contract. */
export function fateOf(kind: string): { code: string; pointer?: string } | undefined {
  if (kind === 'conflict') return { code: 'ORDER_CONFLICT' }
  return Object.hasOwn(badKinds, kind)
    ? { code: 'ORDER_INVALID', pointer: badKinds[kind as BadKind].pointer }
    : undefined
}

/** Bytes that are no order, each with where it breaks the contract; for one line of a batch, so without line ends. */
export function badLines(order: OrderDocument): { line: Buffer; pointer: string }[] {
  return Object.values(badKinds).flatMap(({ pointer, make }) => {
    const line = make(JSON.stringify(order))
    // An empty line is no line, and one of more than 1 MiB ends the batch.
    return line === null || line.length === 0 || line.length > 1_000_000 ? [] : [{ line: Buffer.from(line), pointer }]
  })
}

function unusual(json: string, index: number): string {
  if (index % 50 === 7) return json.replace('{', '{"__proto__":{"polluted":true},')
  if (index % 50 === 14) return json.replace('{', '{"note":"<script>alert(1)</script> \\ud83d\\ude00 \\\\\\t\\n",')
  return json
}

function duplicateOf({ key, json }: { key: string; json: string }, index: number): OrderMessage {
  const reversed = () => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(json)).reverse()))
  const isSameBytes = index % 200 === 40 || json.includes('__proto__')
  return { kind: 'duplicate', key, value: Buffer.from(isSameBytes ? json : reversed()) }
}

function badMessage(
  kind: BadKind | 'conflict' = 'conflict',
  earlier: { key: string; json: string },
  own: { key: string; json: string },
): OrderMessage {
  if (kind === 'conflict') {
    return { kind, key: earlier.key, value: Buffer.from(earlier.json.replace('"locale":"en"', '"locale":"de"')) }
  }
  const value = badKinds[kind].make(own.json)
  return { kind, key: own.key, value: value === null ? null : Buffer.from(value) }
}
