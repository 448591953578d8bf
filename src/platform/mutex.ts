import { AppError } from '../errors.ts'

/**
 * Makes a function that runs one task at a time, in the order of the calls.
 *
 * @param waitingMax how many may wait; it throws AppError OVERLOADED for any more
 */
export function createMutex(waitingMax: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
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

/**
 * Makes a function that runs one task at a time for each key, in the order of the calls.
 *
 * @param waitingMax how many may wait for one key; it throws AppError OVERLOADED for any more
 */
export function createKeyedMutex(
  waitingMax: number,
): <Result>(key: string, work: () => Promise<Result>) => Promise<Result> {
  const turns = new Map<string, { take: ReturnType<typeof createMutex>; users: number }>()
  return async (key, work) => {
    const own = turns.get(key) ?? { take: createMutex(waitingMax), users: 0 }
    turns.set(key, own)
    own.users += 1
    try {
      return await own.take(work)
    } finally {
      own.users -= 1
      if (own.users === 0) turns.delete(key)
    }
  }
}
