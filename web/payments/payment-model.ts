import { signal } from '@preact/signals'
import { ask } from '../platform/api.ts'
import { isUnderWay, type PaymentWithOperations } from './payment.ts'

/** Payments that a page shows, read again when something has happened: those of an order, or a single one. */
export class PaymentsModel {
  readonly payments = signal<readonly PaymentWithOperations[] | undefined>(undefined)
  readonly failure = signal<unknown>(undefined)
  readonly #read: () => Promise<readonly PaymentWithOperations[]>
  #asked = 0
  #shown = 0

  /** @param address of the payments, or of one */
  constructor(address: string) {
    this.#read = async () => {
      const answer = await ask<PaymentWithOperations | readonly PaymentWithOperations[]>(address)
      return 'id' in answer ? [answer] : answer
    }
  }

  static ofOrder(orderUid: string): PaymentsModel {
    return new PaymentsModel(`/api/orders/${encodeURIComponent(orderUid)}/payments`)
  }

  static ofPayment(id: string): PaymentsModel {
    return new PaymentsModel(`/api/payments/${encodeURIComponent(id)}`)
  }

  /** Reads what is shown. Of reads that overtake each other the one that began last is shown. */
  async load(): Promise<void> {
    this.#asked += 1
    const turn = this.#asked
    try {
      const payments = await this.#read()
      if (turn < this.#shown) return
      this.#shown = turn
      this.payments.value = payments
      this.failure.value = undefined
    } catch (error) {
      if (turn >= this.#shown) this.failure.value = error
    }
  }

  /** Reads again while an outcome is open. */
  async follow(): Promise<void> {
    if (this.payments.peek()?.some(isUnderWay) === true) await this.load()
  }

  /** A payment as it is shown. */
  find(id: string): PaymentWithOperations | undefined {
    return this.payments.peek()?.find(payment => payment.id === id)
  }
}
