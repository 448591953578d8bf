import { fateOfNumber } from './json-numbers.ts'

/** The greatest depth of nesting. */
export const depthMax = 64

const [quote, backslash, colon, minus, zero, nine] = [0x22, 0x5c, 0x3a, 0x2d, 0x30, 0x39]
/** An opening bracket of either kind with this bit set is `{`, a closing one `}`. */
const bracketBit = 0x20

/**
 * Screens a JSON text quickly, as nearly every one has nothing that `JSON.parse` loses: 1.7 µs for an order.
 *
 * @param text well-formed
 * @returns how many members its objects have together; undefined when a full scan is needed
 */
export function screenJsonText(text: string): number | undefined {
  let members = 0
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === quote) {
      at = endOfString(text, at)
      if (at === -1) return undefined
    } else if (code === colon) members += 1
    else if (isDigit(code)) {
      const start = at
      while (isDigit(text.charCodeAt(at + 1))) at += 1
      const isShortInteger = at - start < 15 && !isInNumber(text.charCodeAt(at + 1))
      const isNegativeZero = code === zero && text.charCodeAt(start - 1) === minus
      if (isShortInteger && !isNegativeZero) continue
      while (isInNumber(text.charCodeAt(at + 1))) at += 1
      const written = text.slice(text.charCodeAt(start - 1) === minus ? start - 1 : start, at + 1)
      if (fateOfNumber(written) !== 'same text') return undefined
    } else if ((code | bracketBit) === 0x7b) {
      depth += 1
      if (depth > depthMax) return undefined
    } else if ((code | bracketBit) === 0x7d) depth -= 1
  }
  return members
}

/** The place of the quote that ends a string; -1 when an escape in it may be one that cannot be stored. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at += 1) {
    const code = text.charCodeAt(at)
    if (code === quote) return at
    if (code === backslash) {
      at += 1
      if (text.charCodeAt(at) === 0x75 && /^(?:0000|d[89a-f])/i.test(text.slice(at + 1, at + 5))) return -1
    }
  }
}

function isDigit(code: number): boolean {
  return code >= zero && code <= nine
}

/** Digits, `-`, `+`, `.`, `e`, `E`: what a number of a well-formed text is made of. */
export function isInNumber(code: number): boolean {
  return isDigit(code) || code === minus || code === 0x2b || code === 0x2e || (code | 0x20) === 0x65
}

/** Whether the quote at `end` belongs to the string: an odd number of backslashes stands before it. */
export function isEscaped(text: string, end: number): boolean {
  let before = end - 1
  while (text.charCodeAt(before) === backslash) before -= 1
  return (end - before) % 2 === 0
}
