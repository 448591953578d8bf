import { request } from '../platform/api.ts'
import { returnAddress, returnsAddress } from './addresses.ts'

const idForm = /^ret_[a-z0-9]{24}$/

/** Whether a text is the id of a return, by its form. */
export function isReturnId(text: string): boolean {
  return idForm.test(text)
}

/** Finds a return by its id. @returns the address of its page; of the list for any other text */
export async function findReturn(text: string): Promise<{ address: string; isFound: boolean }> {
  if (!isReturnId(text)) return { address: returnsAddress(), isFound: false }
  const address = returnAddress(text)
  return request(`/api/returns/${text}`).then(
    () => ({ address, isFound: true }),
    () => ({ address, isFound: false }),
  )
}
