import type { NewEvent } from '../events/append.ts'
import type { Transition } from './command-queries.ts'
import type { StatusChange } from './event-data.ts'
import type { ChangedStatus } from './lifecycle.ts'
import { orderChanged } from './messages.ts'
import type { OrderState } from './order.ts'

/**
 * The event that tells of a change of status.
 *
 * @param transition the change as the order's history has it
 * @param state the order's state after it
 * @param traceparent W3C Trace Context of what made the change
 */
export function changeEvent(
  transition: Omit<Transition, 'to'>,
  state: OrderState & { status: ChangedStatus },
  traceparent: string | undefined,
): NewEvent {
  const { orderUid, version, from, reason, actor, recordedAt } = transition
  const data: StatusChange = {
    status: state.status,
    payment_status: state.paymentStatus,
    delivery_status: state.deliveryStatus,
    version,
    previous_status: from,
    reason,
    actor,
  }
  const definition = orderChanged[state.status]
  return { streamId: orderUid, sequence: version, definition, recordedAt, data: JSON.stringify(data), traceparent }
}
