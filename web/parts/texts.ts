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
  amount: {
    label: (currency: string) => `Amount in ${currency}`,
    invalid: (example: string) => `Enter an amount such as ${example}`,
    invalidHint: 'Use digits and a point, and no more decimals than the currency has.',
    tooMuch: 'That is more than possible',
    atMost: (amount: string) => `At most ${amount}.`,
  },
  amounts: {
    currency: 'Currency',
    remove: (label: string, currency: string) => `Remove ${label.toLowerCase()} in ${currency || 'no currency'}`,
    invalid: (currency: string) => `The amount in ${currency} is not valid`,
    invalidHint: 'Use digits and a point, such as 12.50.',
    twice: (currency: string) => `${currency} is listed twice`,
  },
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
