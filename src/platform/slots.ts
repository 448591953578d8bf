/**
 * Makes a function that runs at most so many works at a time; the others wait in the order in which they came.
 *
 * @returns what the work returns, or throws
 */
export function createSlots(worksMax: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = []
  let running = 0
  return async work => {
    // A slot is handed from one work to the next, so that nobody comes in between.
    if (running < worksMax) running += 1
    else await new Promise<void>(resolve => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}
