/**
 * The words that items are found by. The same function reads an item and what is searched for. PostgreSQL's own parser would depend on the
 * locale of the database, and takes `foo.bar` for one word.
 */

/** Longer words are cut off: PostgreSQL's have at most 2,046 bytes. */
const wordCharactersMax = 64

/** Characters behind a letter that change it: é is a letter and an accent once it is decomposed. */
const marks = /\p{M}+/gu
const wordForm = /[\p{L}\p{N}]+/gu

/** @returns each word once, in lower case and without accents */
export function wordsOf(text: string): string[] {
  const plain = text.toLowerCase().normalize('NFKD').replace(marks, '')
  return [...new Set((plain.match(wordForm) ?? []).map(word => [...word].slice(0, wordCharactersMax).join('')))]
}

/** The words of an item: its name, brand, size, and both of its numbers. */
export function wordsOfItem(
  item: Readonly<Record<'name' | 'brand' | 'size', string> & Record<'chrtId' | 'nmId', number>>,
): string[] {
  return wordsOf(`${item.name} ${item.brand} ${item.size} ${item.chrtId} ${item.nmId}`)
}

/** More words than that narrow nothing down. */
const searchedWordsMax = 10

/** Text queries of PostgreSQL, one for each word of a search: it must begin one of the item's. @returns undefined when the text has no word */
export function searchedWordsOf(text: string): readonly string[] | undefined {
  const words = wordsOf(text).slice(0, searchedWordsMax)
  return words.length === 0 ? undefined : words.map(word => `'${word}':*`)
}
