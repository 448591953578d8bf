const work: (() => Promise<unknown>)[] = []

/** Has something that test files share ended after the last of them, or after each with `--parallel`. */
export function atTheEnd(end: () => Promise<unknown>): void {
  work.push(end)
}

/** Ends what is shared, the newest first. For the end of the test process. */
export async function endShared(): Promise<void> {
  for (const end of work.splice(0).toReversed()) await end()
}
