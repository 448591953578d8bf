const counted = (one: string) => (count: number) => (count === 1 ? `1 ${one}` : `${count} ${one}s`)

export const texts = {
  title: 'Customers',
  customer: 'Customer',
  find: 'Customer ID',
  columns: { customer: 'Customer', orders: 'Orders', when: 'Last order' },
  none: 'No customers yet',
  noneHint: 'The customers of the newest orders appear here. Any other is found by the customer ID of the orders.',
  ofNewest: 'The customers of the newest 100 orders. Any other is found by the customer ID.',
  cut: (count: number) => `The newest ${count} are shown.`,
  orders: { title: 'Orders', none: 'No orders of this customer.', items: counted('item'), more: 'Load more orders' },
  shipments: { title: 'Shipments', none: 'No shipments of these orders.' },
  returns: { title: 'Returns', none: 'No returns of these orders.', units: counted('unit') },
  payments: { title: 'Payments', none: 'No payments of these orders.' },
  carts: { title: 'Open carts', none: 'No open carts.', units: counted('unit'), all: 'all carts' },
  corrections: {
    title: 'Corrected recipients',
    none: 'No recipient was corrected.',
    by: (actor: string) => `by ${actor}`,
  },
  exporting: {
    button: 'Export',
    file: (date: string) => `customer-${date}.json`,
    failed: (reason: string) => `The export failed: ${reason}`,
    cutOff: 'It was cut off.',
  },
  erase: {
    button: 'Erase',
    question: 'Erase this customer?',
    submit: 'Erase for good',
    effect: (id: string) => `What tells who received the orders of ${id} is erased. It cannot be undone.`,
    parts: { goes: 'Erased', stays: 'Kept', not_reached: 'Not reached' },
    done: 'The customer is erased.',
    begun: 'The erasure has begun and goes on by itself.',
  },
  erasures: {
    title: 'Erasures',
    notAllowed: 'Exporting and erasing need a key with the scope admin.',
    notReached: 'Not reached',
  },
} as const
