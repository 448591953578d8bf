/** The three parts of the hash of the text that was hashed last: an object for each would take longer than the hash. */
export const hashed = new Int32Array(3)

/** Other texts have the same hash in each run, so that nobody can choose two that have. */
const seeds = crypto.getRandomValues(new Int32Array(3))
const factors = [0x9e3779b1, 0x5f356495, 0x2545f491] as const
/** Characters up to it are written with one byte by most. */
const byteMax = 0xff

/**
 * Hashes a text, or a part of one, into 96 bits, in `hashed`. Two of a million texts have the same hash once in 10^17 runs, which is less
 * often than memory fails.
 *
 * @param meaning tells equal texts of different meanings apart
 */
export function hashText(text: string, meaning: number, start = 0, end = text.length): void {
  let one = (seeds[0] ?? 0) ^ meaning
  let two = (seeds[1] ?? 0) ^ (end - start)
  let three = seeds[2] ?? 0
  let at = start
  while (at < end) {
    let word = text.charCodeAt(at)
    let length = 1
    // Four characters at a time take half as long as one.
    if (at + 4 <= end) {
      const second = text.charCodeAt(at + 1)
      const third = text.charCodeAt(at + 2)
      const fourth = text.charCodeAt(at + 3)
      if ((word | second | third | fourth) <= byteMax) {
        word |= (second << 8) | (third << 16) | (fourth << 24)
        length = 4
      }
    }
    one = Math.imul(one ^ word, factors[0])
    one ^= one >>> 15
    two = Math.imul(two ^ word, factors[1])
    two ^= two >>> 13
    three = Math.imul(three ^ word, factors[2])
    three ^= three >>> 16
    at += length
  }
  // Every step can be undone, so none of the bits is lost.
  one ^= mixed(two)
  two ^= mixed(three)
  three ^= mixed(one)
  hashed[0] = mixed(one)
  hashed[1] = two
  hashed[2] = three
}

/** The finalizer of MurmurHash3: every bit of the result depends on every bit of the number. */
function mixed(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** The code of a currency, which has three letters, as a number. @param at where it stands in the text */
export function currencyNumber(text: string, at = 0): number {
  return (text.charCodeAt(at) << 16) ^ (text.charCodeAt(at + 1) << 8) ^ text.charCodeAt(at + 2)
}
