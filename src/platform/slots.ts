/**
 * Makes a function that runs a bounded number of tasks at once; the others wait in order.
 *
 * @returns what the work returns, or throws
 */
export function createSlots(worksMax: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = []
  let running = 0
  return async work => {
    // A slot passes from one task to the next, so that nobody gets in between.
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
