import { isEscaped } from './json-screen.ts'

/**
 * Replaces the value of a member of a JSON object, and leaves every other character as it is: to parse and write the whole again would
 * change numbers that are not written as JavaScript writes them.
 *
 * @param object a JSON object without space between its parts, each member once
 * @param name needs no escapes
 * @param replace makes the new value of the old one; both JSON
 * @returns undefined when no member is written with that name
 */
export function replaceMember(object: string, name: string, replace: (value: string) => string): string | undefined {
  const span = spanOf(object, `"${name}":`)
  if (span === undefined) return undefined
  const { from, to } = span
  return object.slice(0, from) + replace(object.slice(from, to)) + object.slice(to)
}

/** Where the value of a member of the outermost object is. @param head its name in quotes, with the colon */
function spanOf(text: string, head: string): { from: number; to: number } | undefined {
  let depth = 0
  let from: number | undefined
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]
    if (character === '"') {
      const isName = depth === 1 && from === undefined && '{,'.includes(text[at - 1] ?? '') && text.startsWith(head, at)
      if (isName) {
        from = at + head.length
        at = from - 1
      } else at = endOfText(text, at)
    } else if (character === '{' || character === '[') depth += 1
    else if (character === '}' || character === ']') {
      depth -= 1
      if (depth === 0 && from !== undefined) return { from, to: at }
    } else if (character === ',' && depth === 1 && from !== undefined) return { from, to: at }
  }
  return undefined
}

/** @returns the position of the quote that ends a text @param start of the one that begins it */
function endOfText(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end
}
