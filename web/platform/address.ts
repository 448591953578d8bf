/**
 * The path under which a proxy serves the page, without a slash at its end; empty at the root of a host. The page knows it from
 * where it was loaded: its files lie in the folder `assets` there. The build has no document.
 */
export const base = 'document' in globalThis ? new URL('..', import.meta.url).pathname.slice(0, -1) : ''

/**
 * The address of a page.
 *
 * @param path of the page below the base path; `:id` in it is replaced by `id`
 * @param options id: encoded here; query: parameters of the address
 */
export function addressOf(path: `/${string}`, options: { id?: string; query?: Record<string, string> } = {}): string {
  const { id = '', query = {} } = options
  const parameters = new URLSearchParams(query).toString()
  return `${base}${path.replace(':id', encodeURIComponent(id))}${parameters === '' ? '' : `?${parameters}`}`
}
