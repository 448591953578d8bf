import { answer, pageAnswer, problemAnswer, queryParameters } from '../platform/openapi.ts'
import { pageParameters } from '../platform/query.ts'
import type { KeyContract } from './bodies.ts'
import type { KeyViews } from './views.ts'

/** The operations of API keys in OpenAPI. */

/** The parameters of `GET /api/keys`. */
export const listParameters = pageParameters('Keys')

const tags = ['API keys']

/**
 * The operations by what they do.
 *
 * @param contract of the body that creates a key
 */
export function keyOperations(contract: KeyContract, views: KeyViews) {
  return {
    list: {
      operationId: 'listKeys',
      summary: 'List API keys, newest first',
      description: 'Includes revoked keys, but not those of API_KEYS.',
      tags,
      parameters: queryParameters(listParameters),
      responses: {
        200: pageAnswer('A page; the Link header leads to the next one', views.listed),
        400: problemAnswer('A parameter is wrong; errors lists all of them'),
      },
    },
    create: {
      operationId: 'createKey',
      summary: 'Make an API key',
      description:
        'The answer has the key, this once: only its digest is kept, also where the answer is kept for an Idempotency-Key. ' +
        'After the first key every caller needs one.',
      tags,
      requestBody: { required: true, content: { 'application/json': { schema: contract } } },
      responses: {
        201: answer('Made', views.created),
        400: problemAnswer('The body is not valid; errors lists everything'),
        409: problemAnswer('The limit of valid keys is reached'),
        413: problemAnswer('The body is too large'),
        415: problemAnswer('The body is not JSON'),
      },
    },
    revoke: {
      operationId: 'revokeKey',
      summary: 'Revoke an API key',
      description:
        'For good. One that is revoked already stays so. After the last one a service that only this machine can reach serves ' +
        'it without keys; one that others can reach keeps its last key.',
      tags,
      responses: {
        204: { description: 'It is no longer valid' },
        404: problemAnswer('There is no such key'),
        409: problemAnswer('It is the last key, and others can reach the service'),
      },
    },
  }
}
