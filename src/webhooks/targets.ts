import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/**
 * Where deliveries may go. Subscriptions name addresses that this service then calls from inside the network, so everything
 * that is not plainly an address of the public internet is refused: when a subscription is made, and again at each
 * connection, whose address is the very one that was checked.
 */

/** Why a target is refused, in words that complete "the target …". */
export class TargetRefusedError extends Error {
  override readonly name = 'TargetRefusedError'
}

/** Gives every address of a name. */
export type Resolve = (host: string) => Promise<string[]>

/** As the system resolves names. */
export async function resolveHost(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address)
}

/** Azure's service for its own machines answers at an address that is otherwise public. */
const servicesOfClouds = new Set(['168.63.129.16'])

/** What IANA has given out of IPv6 for the public internet; everything else is for other uses, or for none yet. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')

/** Whether an address is one of the public internet. What carries an IPv4 address inside (mapped, NAT64, 6to4) is not. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0) return false
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast' || servicesOfClouds.has(address)) return false
  return parsed.kind() === 'ipv4' || (parsed as ipaddr.IPv6).match(globalUnicast)
}

/** The host of a URL as one connects to it: an IPv6 address without brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1')
}

const urlCharactersMax = 2_000

/** What is wrong with the text of a URL, in words that complete "must"; undefined when it may be tried. Pure. */
export function urlFault(text: string): string | undefined {
  if (!URL.canParse(text)) return 'be a URL'
  const { protocol, username, password, hash, href } = new URL(text)
  if (protocol !== 'https:' && protocol !== 'http:') return 'begin with https:// or http://'
  if (username !== '' || password !== '') return 'be without user and password: deliveries are signed'
  if (hash !== '' || text.includes('#')) return 'be without a fragment'
  return href.length > urlCharactersMax ? `have at most ${urlCharactersMax} characters` : undefined
}

/**
 * The addresses of a host, if all of them are of the public internet: one that is not may be the next to be tried.
 *
 * @param host a name, or an address, as in a URL
 * @throws TargetRefusedError, or the resolver's error
 */
export async function publicAddresses(host: string, resolve: Resolve): Promise<string[]> {
  const addresses = isIP(host) !== 0 ? [host] : await resolve(host)
  if (addresses.length > 0 && addresses.every(isPublicAddress)) return addresses
  throw new TargetRefusedError('is not on the public internet')
}
