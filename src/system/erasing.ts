import type { EraseStep } from '../erase-part.ts'
import { rewriteAnswers } from '../platform/idempotency/rewriting.ts'

/**
 * Erases recipients from the answers that are kept for repeated requests. Such an answer has no index by customer: it is kept for a day, so
 * all of them are searched for the customer as JSON writes one.
 */
export const eraseKeptAnswers: EraseStep = {
  name: 'idempotency_answers',
  async run(client, { customerId, redact }, position) {
    const mark = `"customer_id":${JSON.stringify(customerId)}`
    const { rewritten, next } = await rewriteAnswers(client, position, mark, redact)
    return { erased: rewritten, next }
  },
}
