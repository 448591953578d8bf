import { AppError } from '../errors.ts'

/**
 * Makes a function that runs one piece of work at a time, in the order of the calls.
 *
 * @param waitingMax how many may wait; it throws AppError OVERLOADED for any more
 */
export function createTurns(waitingMax: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let before: Promise<unknown> = Promise.resolve()
  let waiting = 0
  return async work => {
    if (waiting >= waitingMax) throw new AppError('OVERLOADED', 'too many wait for their turn')
    waiting += 1
    const result = before.then(work).finally(() => {
      waiting -= 1
    })
    before = result.catch(() => undefined)
    return result
  }
}
