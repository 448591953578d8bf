/** Chooses the singular for 1, and the plural for any other number. */
export function plural(things: number, one: string, many: string): string {
  return things === 1 ? one : many
}
