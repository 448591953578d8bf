import { isSampled, type Span, type Tracer, within } from '../platform/tracing.ts'
import type { Entry } from './intake-queues.ts'
import type { IntakeStore } from './store.ts'

/**
 * Writes a group of orders within a span of its own, if the trace of one of them is sampled. The transactions are spans below
 * it. Each request that waits for the group has a span of its wait, which begins with its submission and links to the group.
 *
 * @param write writes the group through the store that it is given
 */
export async function traceGroup(
  tracer: Tracer,
  store: IntakeStore,
  group: readonly Entry[],
  write: (store: IntakeStore) => Promise<void>,
): Promise<void> {
  const traces = group.map(({ order }) => order.traceparent)
  const span = tracer.beginFor('write orders', traces, { attributes: { 'orders.group.size': group.length } })
  if (span === undefined) return write(store)
  const links = [span.traceparent]
  const waits = group.flatMap(({ order: { traceparent: parent }, queue, submittedAtMs: startedAtMs }) =>
    queue === 'interactive' && isSampled(parent)
      ? [tracer.begin('wait for commit', { parent, links, startedAtMs })]
      : [],
  )
  await within(span, () => write(tracedStore(tracer, store, span)))
  for (const wait of waits) wait.end()
}

function tracedStore(tracer: Tracer, store: IntakeStore, { traceparent: parent }: Span): IntakeStore {
  const begin = (operation: string, orders: number) =>
    tracer.begin(`${operation} orders`, {
      kind: 'client',
      parent,
      attributes: {
        'db.system.name': 'postgresql',
        'db.operation.name': operation,
        'db.collection.name': 'orders',
        // The conventions know no batch of one.
        ...(orders > 1 ? { 'db.operation.batch.size': orders } : {}),
      },
    })
  return {
    findStored: uids => within(begin('SELECT', uids.length), () => store.findStored(uids)),
    place: orders => within(begin('COPY', orders.length), () => store.place(orders)),
  }
}
