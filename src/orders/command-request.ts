import type { PoolClient } from '../platform/postgres.ts'
import type { StatusCommand } from './lifecycle.ts'
import type { OrderState } from './order.ts'
import type { StoredOrder } from './queries.ts'

export type CommandRequest = {
  orderUid: string
  command: StatusCommand
  /** Why, in the words of the sender; may be empty. */
  reason: string
  /** Who sends it. */
  actor: string
  /** The order must have one of these versions; any version if absent. */
  expectedVersions?: readonly number[]
  /** Decides by the state that the order has, while it is locked, whether the command is carried out. @throws what refuses it */
  mayBe?: (state: OrderState) => void
  /** Identifies a command that may come twice; the second time has no effect. */
  commandId?: string
  /** W3C Trace Context of the request or message. */
  traceparent?: string | undefined
  /** Runs in the transaction of the command, with the order as it will be. */
  keepAnswer?: ((client: PoolClient, order: StoredOrder) => Promise<void>) | undefined
}
