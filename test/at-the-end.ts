const work: (() => Promise<unknown>)[] = []

/** Has something that the files of a run share ended after the last of them. */
export function atTheEnd(end: () => Promise<unknown>): void {
  work.push(end)
}

/** Ends what is shared, the newest first. For the end of the test process. */
export async function endShared(): Promise<void> {
  for (const end of work.splice(0).toReversed()) await end()
}
