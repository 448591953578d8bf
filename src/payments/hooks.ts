/** The points between an operation's row and its outcome at which a test can stop or end the service. */
export type PaymentHooks = Readonly<{
  /**
   * Is awaited at a point.
   *
   * @param point stored: the operation is a row, and nothing was sent; sent: the call has begun; answered: it has ended, and nothing of
   *   it is stored; applied: the outcome is stored, and nobody was answered
   */
  reached(point: 'stored' | 'sent' | 'answered' | 'applied', operationId: string): Promise<void>
}>

export const noHooks: PaymentHooks = { reached: async () => undefined }
