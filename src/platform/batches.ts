/**
 * Makes a function that does together what is asked for at the same time: while a batch is under way, the next one collects. One round
 * trip for sixty requests costs the database a tenth of sixty round trips.
 *
 * @param run does a batch, and returns a result for each item in its order; what it throws rejects all of them
 * @param itemsMax in a batch
 */
export function inBatches<Item, Result>(
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
  itemsMax: number,
): (item: Item) => Promise<Result> {
  type Waiting = { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }
  const waiting: Waiting[] = []
  let isRunning = false

  async function runNext(): Promise<void> {
    const batch = waiting.splice(0, itemsMax)
    try {
      const results = await run(batch.map(({ item }) => item))
      if (results.length !== batch.length) throw new Error('a batch has a result for each of its items')
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  async function runAll(): Promise<void> {
    isRunning = true
    // What is asked for in the same turn of the event loop belongs to the first batch too, also by requests that it has still to read.
    await new Promise<void>(resolve => setImmediate(resolve))
    while (waiting.length > 0) await runNext()
    isRunning = false
  }

  return item =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (!isRunning) void runAll()
    })
}
