import { base } from '../platform/address.ts'
import { type ShopPage, shopPages } from './pages.ts'

/** The path of the service: the shop is served one folder below it. */
export const serviceBase = base.slice(0, base.lastIndexOf('/'))

/** The address of a page of the shop. */
export function shopAddress(page: ShopPage, query: Record<string, string> = {}): string {
  const parameters = new URLSearchParams(query).toString()
  return `${base}${shopPages[page]}${parameters === '' ? '' : `?${parameters}`}`
}

/** An address that a payment provider gave, if it is one of the web. A relative one is of this service. */
export function webAddress(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url, location.href)) return undefined
  const { protocol, href } = new URL(url, location.href)
  return ['http:', 'https:'].includes(protocol) ? href : undefined
}
