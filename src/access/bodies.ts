import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { HttpRequest } from '../platform/http.ts'
import { readJsonBody } from '../platform/json.ts'

/** What callers send. */

/** Of a key's name. */
export const nameCharactersMax = 100

const bodySizeBytesMax = 16 * 1024

/** The body that makes a key. @param scopes those that a key can have */
export function keyContract(scopes: readonly string[]) {
  return Type.Object(
    {
      // Control characters have no place in a name.
      name: Type.String({
        minLength: 1,
        maxLength: nameCharactersMax,
        pattern: '^[^\\x00-\\x1f\\x7f-\\x9f]*$',
        description: 'Whose key it is, for people',
      }),
      scopes: Type.Array(Type.Enum([...scopes], { title: 'Scope' }), {
        minItems: 1,
        maxItems: scopes.length,
        uniqueItems: true,
        description: 'What it may do; none includes another',
      }),
    },
    { title: 'NewApiKey', additionalProperties: false },
  )
}

export type KeyContract = ReturnType<typeof keyContract>

/** A reader of the body. It throws AppError REQUEST_INVALID with every violation. */
export function createKeyReader(contract: KeyContract) {
  const compiled = Compile(contract)
  return (request: HttpRequest) =>
    readJsonBody(request, compiled, { sizeBytesMax: bodySizeBytesMax, expected: 'must be a JSON object' })
}
