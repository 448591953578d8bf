/**
 * A generator of lines as an NDJSON answer: it is asked for more only when the receiver has taken what there was. It yields
 * nothing (no bytes) now and then while it looks for the next line, so that it ends when the receiver goes.
 *
 * @param aheadBytesMax how much of the answer may wait for the receiver
 */
export function linesResponse(lines: AsyncGenerator<Uint8Array>, aheadBytesMax = 1): Response {
  let isOver = false
  const source = {
    async pull(controller: ReadableStreamDefaultController<Uint8Array>) {
      while (!isOver) {
        const { done, value } = await lines.next()
        if (isOver) return
        if (done) return controller.close()
        if (value.byteLength > 0) return controller.enqueue(value)
      }
    },
    async cancel() {
      isOver = true
      await lines.return(undefined)
    },
  }
  const body = new ReadableStream(source, new ByteLengthQueuingStrategy({ highWaterMark: aheadBytesMax }))
  return new Response(body, { headers: { 'content-type': 'application/x-ndjson' } })
}

/**
 * Cuts a stream of bytes into lines without their ends, in portions. Empty lines come as empty ones, so that a caller can count
 * the lines of the file; it passes over them.
 *
 * @param bounds when a portion is full, and how long a line may be
 * @param tooLong makes the error of a line that is longer
 */
export async function* portionsOf(
  body: AsyncIterable<Uint8Array>,
  bounds: { linesMax: number; bytesMax: number; lineBytesMax: number },
  tooLong: () => Error,
): AsyncGenerator<Uint8Array[]> {
  let lines: Uint8Array[] = []
  let bytes = 0
  let rest: Uint8Array[] = []
  let restBytes = 0
  const endLine = (last: Uint8Array) => {
    const line = rest.length === 0 ? last : Buffer.concat([...rest, last])
    rest = []
    restBytes = 0
    lines.push(isBlank(line) ? line.subarray(0, 0) : line)
    bytes += line.byteLength
  }
  for await (const chunk of body) {
    let start = 0
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      endLine(chunk.subarray(start, end))
      start = end + 1
      if (lines.length >= bounds.linesMax || bytes >= bounds.bytesMax) {
        yield lines
        lines = []
        bytes = 0
      }
    }
    rest.push(chunk.slice(start))
    restBytes += chunk.byteLength - start
    if (restBytes > bounds.lineBytesMax) throw tooLong()
  }
  endLine(new Uint8Array(0))
  if (lines.length > 0) yield lines
}

/** Whether nothing is on a line but the first half of its end (CRLF), or a byte order mark, with which some programs begin a file. */
function isBlank(line: Uint8Array): boolean {
  const first = line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf ? 3 : 0
  return line.byteLength === first || (line.byteLength === first + 1 && line[first] === 0x0d)
}
