import { signal } from '@preact/signals'
import { Refusal } from '../platform/api.ts'
import { IdempotencyKey } from '../platform/idempotency-key.ts'
import type { ShipmentAction } from './shipment.ts'
import { moveShipment } from './shipment-request.ts'

/** One request of many. */
export type Step = Readonly<{ shipmentId: string; action: ShipmentAction; body: object }>

export type Refused = Readonly<{ shipmentId: string; detail: string }>

/** How many requests are under way at a time: shipments of several orders are moved by one transaction of the service. */
const atATime = 6

/** Moves many shipments, and tells how far it has come. A refused one does not keep the others from being moved. */
export class BulkWork {
  readonly done = signal(0)
  readonly refused = signal<readonly Refused[]>([])

  /** @returns when every step was tried */
  async run(steps: readonly Step[]): Promise<void> {
    const left = steps.values()
    await Promise.all(
      Array.from({ length: Math.min(atATime, steps.length) }, async () => {
        for (const step of left) await this.#take(step)
      }),
    )
  }

  async #take({ shipmentId, action, body }: Step): Promise<void> {
    try {
      await moveShipment(shipmentId, action, body, new IdempotencyKey())
      this.done.value += 1
    } catch (error) {
      const detail = error instanceof Refusal ? error.detail || error.message : String(error)
      this.refused.value = [...this.refused.peek(), { shipmentId, detail }]
    }
  }
}
