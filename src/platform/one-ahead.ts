/**
 * Has the next value made while one is used. A failure is thrown behind the values before it.
 *
 * @param source is ended when the values are not wanted any more; that is not waited for, since a source may hang
 */
export async function* oneAhead<Value>(source: AsyncGenerator<Value>): AsyncGenerator<Value> {
  const ask = () => {
    const asked = source.next()
    // It is awaited later.
    asked.catch(() => undefined)
    return asked
  }
  try {
    for (let next = ask(); ; ) {
      const { done, value } = await next
      if (done) return
      next = ask()
      yield value
    }
  } finally {
    source.return(undefined).catch(() => undefined)
  }
}
