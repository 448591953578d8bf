import type { LinesEnd } from '../../src/platform/view.ts'

export type { LinesEnd }

/** Yields the lines of a response as they arrive. */
export async function* linesOf(response: Response): AsyncGenerator<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  for (let rest = ''; reader !== undefined; ) {
    const { done, value } = await reader.read()
    if (done) return
    const lines = (rest + value).split('\n')
    rest = lines.pop() ?? ''
    yield* lines.filter(line => line !== '')
  }
}

/** The maximum length of a last line, in bytes. */
const endBytesMax = 4_096

/**
 * Removes the last line from a complete NDJSON response.
 *
 * @returns the lines before it, and its content; undefined for a response that was cut off
 */
export async function withoutEnd(answer: Blob): Promise<{ lines: Blob; end: LinesEnd } | undefined> {
  const tail = new Uint8Array(await answer.slice(Math.max(0, answer.size - endBytesMax)).arrayBuffer())
  if (tail.at(-1) !== lineFeed) return undefined
  const start = tail.lastIndexOf(lineFeed, tail.length - 2) + 1
  try {
    const end: unknown = JSON.parse(new TextDecoder().decode(tail.subarray(start)))
    if (typeof end !== 'object' || end === null || !('complete' in end)) return undefined
    return { lines: answer.slice(0, answer.size - (tail.length - start), answer.type), end: end as LinesEnd }
  } catch {
    return undefined
  }
}

const lineFeed = 0x0a
