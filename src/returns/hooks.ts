/** The points of a refund at which a test can stop or end the service. */
export type ReturnHooks = Readonly<{
  /**
   * Is awaited at a point.
   *
   * @param point begun: the return says that it is refunded, and nothing was asked of payments; refunded: the money has moved, and the
   *   return does not say so
   */
  reached(point: 'begun' | 'refunded', returnId: string): Promise<void>
}>

export const noHooks: ReturnHooks = { reached: async () => undefined }
