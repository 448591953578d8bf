/** The word for one thing, or for any other number of things. */
export function plural(things: number, one: string, many: string): string {
  return things === 1 ? one : many
}
