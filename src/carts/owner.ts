import { AppError } from '../errors.ts'
import { readEntityTags } from '../platform/entity-tags.ts'
import { bearerToken, type Call, type HttpRequest } from '../platform/http.ts'
import { type Cart, cartIdForm, cartTokenPrefix, hashOfToken } from './cart.ts'

/** Who asks for a cart: somebody with its token, or a key that opens all. */
export type Owner = Readonly<{ tokenHash: string | undefined }>

export function ownerOf(request: Pick<HttpRequest, 'headers'>): Owner {
  const token = bearerToken(request, cartTokenPrefix)
  return { tokenHash: token === undefined ? undefined : hashOfToken(token) }
}

/** @returns the id that a call names @throws AppError CART_NOT_FOUND */
export function cartIdOf({ params }: Call): string {
  const { id = '' } = params
  if (!cartIdForm.test(id)) throw cartNotFound()
  return id
}

/**
 * Opens a cart. Hashes are compared, so the time it takes tells nothing of a token; a wrong one is answered like a cart that is not there.
 *
 * @throws AppError CART_NOT_FOUND
 */
export function openedBy({ tokenHash }: Owner, cart: Cart | undefined): Cart {
  if (cart === undefined || (tokenHash !== undefined && tokenHash !== cart.tokenHash)) throw cartNotFound()
  return cart
}

export function cartNotFound(): AppError {
  return new AppError('CART_NOT_FOUND', 'no such cart is stored, or it has another token')
}

/** @throws AppError CART_STATE_REFUSED for a cart that is over, or becomes an order */
export function stillOpen(cart: Cart): Cart {
  if (cart.state === 'open') return cart
  throw new AppError('CART_STATE_REFUSED', `the cart is ${cart.state}`)
}

/** Whether a request is for the version that a cart has. */
export type VersionCheck = (cart: Cart) => void

/** @returns a check that throws AppError CART_VERSION_STALE @throws AppError REQUEST_INVALID for a header that cannot be read */
export function versionCheckOf({ headers }: Pick<HttpRequest, 'headers'>): VersionCheck {
  const header = headers.get('if-match')
  if (header === null) return () => undefined
  const tags = readEntityTags(header)
  if (tags === undefined) throw new AppError('REQUEST_INVALID', 'If-Match must be a list of entity tags, or *')
  return ({ version }) => {
    if (tags !== '*' && !tags.includes(String(version)))
      throw new AppError('CART_VERSION_STALE', `the cart has the version ${version}`)
  }
}
