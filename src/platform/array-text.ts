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

/** The same of any text; undefined is a null. */
export function textArrayOf<Item>(items: readonly Item[], value: (item: Item) => string | number | undefined): string {
  let text = '{'
  for (const item of items) {
    const given = value(item)
    if (text.length > 1) text += ','
    if (given === undefined) text += 'null'
    else if (typeof given === 'string') text += `"${special.test(given) ? given.replaceAll(specials, '\\$&') : given}"`
    else text += given
  }
  return `${text}}`
}

/** What would end a quoted element, or stands before what would. */
const special = /["\\]/
const specials = /["\\]/g
