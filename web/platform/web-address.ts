/** An address that data names, as a link may lead to it; undefined for one that is no web address. */
export function webAddressOf(url: string): string | undefined {
  if (!URL.canParse(url, location.href)) return undefined
  const { protocol, href } = new URL(url, location.href)
  return ['http:', 'https:'].includes(protocol) ? href : undefined
}
