/**
 * A generator of lines as an NDJSON answer: it is asked for more only when the receiver has taken what there was.
 *
 * @param aheadBytesMax how much of the answer may wait for the receiver
 */
export function linesResponse(lines: AsyncGenerator<Uint8Array>, aheadBytesMax = 1): Response {
  const source = {
    async pull(controller: ReadableStreamDefaultController<Uint8Array>) {
      const { done, value } = await lines.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await lines.return(undefined)
    },
  }
  const body = new ReadableStream(source, new ByteLengthQueuingStrategy({ highWaterMark: aheadBytesMax }))
  return new Response(body, { headers: { 'content-type': 'application/x-ndjson' } })
}
