import { addressOf } from '../platform/address.ts'

export const paths = { deadLetters: '/dead-letters', deadLetter: '/dead-letters/:id' } as const

/** The address of a dead letter's page. */
export function deadLetterAddress(id: string): string {
  return addressOf(paths.deadLetter, { id })
}

/** The address of the list of dead letters, narrowed by the API's own parameters. */
export function deadLettersAddress(query: Record<string, string> = {}): string {
  return addressOf(paths.deadLetters, { query })
}
