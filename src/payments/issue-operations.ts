import { answer, pageAnswer, problemAnswer, queryParameters } from '../platform/openapi.ts'
import { issueListParameters } from './issue-list-query.ts'
import { resolutionBody } from './requests.ts'
import { issueView } from './views.ts'

/** The operations of payment issues in OpenAPI. */

const tags = ['payments']
const unknown = problemAnswer('No payment issue has this id')

export const issueOperations = {
  list: {
    operationId: 'listPaymentIssues',
    summary: 'List payment issues, newest first',
    description: 'What about money is left for a person, and what was. Each condition given must hold.',
    tags,
    parameters: queryParameters(issueListParameters),
    responses: {
      200: pageAnswer('A page; the Link header leads to the next one', issueView),
      400: problemAnswer('A parameter is wrong; errors lists all of them'),
    },
  },
  get: {
    operationId: 'getPaymentIssue',
    summary: 'Read a payment issue',
    description: 'With what can be done about it now.',
    tags,
    responses: { 200: answer('The issue', issueView), 404: unknown },
  },
  resolve: {
    operationId: 'resolvePaymentIssue',
    summary: 'Resolve a payment issue by one of its actions',
    description:
      'Every action but dismiss needs an Idempotency-Key. The issue is resolved once the action is stored; what the provider makes of ' +
      'it is in the payment. A refund that it refuses opens an issue of its own.',
    tags,
    requestBody: { required: true, content: { 'application/json': { schema: resolutionBody } } },
    responses: {
      200: answer('The issue as it is now', issueView),
      400: problemAnswer('The body is not valid, or there is no Idempotency-Key; errors lists everything'),
      404: unknown,
      409: problemAnswer('The issue is resolved already, or the action is not possible; code says which'),
      503: problemAnswer('The database is away, or the order is being changed; repeat it with the same key'),
    },
  },
}
