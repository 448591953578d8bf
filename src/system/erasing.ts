import type { EraseStep } from '../erase-part.ts'
import { rewriteAnswers } from '../platform/idempotency/rewriting.ts'

/**
 * Erases recipients from the answers that are kept for repeated requests. Such an answer has no index by customer: it is kept for a day, so
 * all of them are searched for the customer or the order as JSON writes one.
 */
export const eraseKeptAnswers: EraseStep = {
  name: 'idempotency_answers',
  async run(client, { marks, redact }, position) {
    const { rewritten, next } = await rewriteAnswers(client, position, marks, redact)
    return { erased: rewritten, next }
  },
}
