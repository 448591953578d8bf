/** The tone of each status: waiting, in progress, done, or in need of attention. */
const tones: Record<string, string> = {
  pending: 'waiting',
  unpaid: 'waiting',
  unfulfilled: 'plain',
  confirmed: 'active',
  authorized: 'active',
  partially_paid: 'active',
  partially_shipped: 'active',
  shipped: 'active',
  partially_delivered: 'active',
  on_hold: 'attention',
  completed: 'good',
  paid: 'good',
  delivered: 'good',
}

/** A status as a tag. The colour adds nothing that the words do not say. */
export function Status({ value }: { value: string }) {
  return <span class={`tag tone-${tones[value] ?? 'plain'}`}>{statusText(value)}</span>
}

/** A status in words. */
export function statusText(status: string): string {
  return status.replaceAll('_', ' ')
}
