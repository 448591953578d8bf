/** The longest form of a character of a JavaScript string (UTF-16) in UTF-8. */
const bytesACharacter = 3

/** Texts up to this length are written character by character: a call of the runtime costs more. */
const shortText = 40

/** From this length on it pays to ask the runtime for the size of a text in bytes. */
const longText = 4096

/** Returns an upper bound of the size of a text in UTF-8, in bytes. */
export function bytesAtMost(text: string): number {
  return text.length > longText ? Buffer.byteLength(text) : text.length * bytesACharacter
}

/**
 * Writes a text as UTF-8; there must be room for it.
 *
 * @returns its size in bytes
 */
export function writeText(bytes: Buffer, text: string, start: number): number {
  const { length } = text
  if (length > shortText) return bytes.write(text, start)
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index)
    if (code > 127) return bytes.write(text, start)
    bytes[start + index] = code
  }
  return length
}
