/**
 * Values by the numbers of items, as a statement returns them in one row: `1 first,2 second`. A row of each costs the driver ten times as
 * much.
 */
export function pairsOf(text: string | null): [chrtId: number, value: string][] {
  if (text === null) return []
  return text.split(',').map(pair => {
    const space = pair.indexOf(' ')
    return [Number(pair.slice(0, space)), pair.slice(space + 1)]
  })
}
