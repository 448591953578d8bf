/** Texts that several pages share. */
export const commonTexts = {
  loading: 'Loading …',
  back: 'Back',
  done: 'Done',
  running: 'Working …',
  copied: 'Copied',
  copySecret: 'Copy secret',
  reason: 'Reason',
  reasonOptional: 'Reason (optional)',
  filters: 'Filters',
  clearFilters: 'Clear all filters',
  unexpected: 'Something went wrong',
  retry: 'Try again',
  sendOrder: {
    send: 'Send test order',
    sending: 'Sending …',
    waiting: 'Waiting for it to arrive …',
    look: 'View order',
    arrived: (way: string, tookMs: number) =>
      `Test order received over ${way === 'kafka' ? 'Kafka' : 'HTTP'} in ${tookMs} ms.`,
    missing: (uid: string) => `Test order ${uid} was sent but has not arrived yet.`,
  },
} as const
