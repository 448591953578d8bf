/** Reading JSON of carriers, who leave fields out, add others and change numbers for texts without notice. */

/** @returns undefined when the bytes are not JSON in UTF-8 */
export function readLoosely(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined
  }
}

/** The value at a path; undefined where there is none. */
export function valueAt(value: unknown, ...path: readonly string[]): unknown {
  let found = value
  for (const name of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined
    found = (found as Record<string, unknown>)[name]
  }
  return found
}

/** The list at a path; empty where there is none. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = valueAt(value, ...path)
  return Array.isArray(found) ? found : []
}

/** The longest text that is kept. */
const charactersMax = 500

/** The text or number at a path as PostgreSQL can store it, without spaces around it; '' where there is none. */
export function textAt(value: unknown, ...path: readonly string[]): string {
  const found = valueAt(value, ...path)
  if (typeof found !== 'string' && typeof found !== 'number') return ''
  return cleanText(String(found))
}

/** A text as PostgreSQL can store it. */
export function cleanText(text: string): string {
  if (text === '') return text
  return text.toWellFormed().replaceAll('\0', '').trim().slice(0, charactersMax).toWellFormed()
}

/** Parts of a place that are there, with commas between them. */
export function placeOf(...parts: readonly string[]): string {
  return parts.filter(part => part !== '').join(', ')
}
