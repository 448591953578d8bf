/**
 * An array as PostgreSQL reads it from a parameter. The driver writes one too, element by element with two replacements each: that takes
 * 0.5 µs, of thousands.
 *
 * @param value gives numbers, or words without quotes, backslashes and control characters, such as ids
 */
export function arrayOf<Item>(items: readonly Item[], value: (item: Item) => string | number): string {
  let text = '{'
  for (const item of items) text += `${text.length > 1 ? ',' : ''}"${value(item)}"`
  return `${text}}`
}
