import { applyEdits, format, type Node, type ParseError, parseTree } from 'jsonc-parser'
import type { Violation } from '../platform/api.ts'

/** Something that is wrong with a text: what, and where it stands in it. */
export type Mark = Violation & {
  /** From 1; undefined for what has no place. */
  line: number | undefined
  offset: number
  length: number
}

const strictly = { disallowComments: true, allowTrailingComma: false }

/** JSON with a line for each value. Nothing but the space between changes: every digit stays as it is. */
export function formatted(text: string): string {
  if (syntaxErrorOf(text) !== undefined) return text
  return applyEdits(text, format(text, undefined, { insertSpaces: true, tabSize: 2, eol: '\n' }))
}

/** The place from which on a text is no JSON; undefined for JSON. */
export function syntaxErrorOf(text: string): { line: number; offset: number } | undefined {
  const errors: ParseError[] = []
  parseTree(text, errors, strictly)
  const [first] = errors
  return first === undefined ? undefined : { line: lineOf(lineStarts(text), first.offset), offset: first.offset }
}

/**
 * Where violations are in a text: at the value that the pointer names, or at what should have it. A pointer that leads to
 * nothing, or a text that is no JSON, has no place.
 */
export function markViolations(text: string, violations: readonly Violation[]): Mark[] {
  const errors: ParseError[] = []
  const root = parseTree(text, errors, strictly)
  const starts = lineStarts(text)
  return violations.map(violation => {
    const node = errors.length > 0 || violation.pointer === '' ? undefined : nodeAt(root, violation.pointer)
    if (node === undefined) return { ...violation, line: undefined, offset: 0, length: 0 }
    const { offset, length } = node
    return { ...violation, line: lineOf(starts, offset), offset, length }
  })
}

/** The value of a JSON Pointer (RFC 6901), or the last on the way to it that is there. */
function nodeAt(root: Node | undefined, pointer: string): Node | undefined {
  let node = root
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    const next =
      node?.type === 'array'
        ? node.children?.[Number(name)]
        : node?.children?.find(({ children }) => children?.[0]?.value === name)?.children?.[1]
    if (next === undefined) return node
    node = next
  }
  return node
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

/** By halving: a text of a megabyte may have many lines, and many places. */
function lineOf(starts: readonly number[], offset: number): number {
  let low = 0
  let high = starts.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((starts[middle] ?? 0) <= offset) low = middle
    else high = middle
  }
  return low + 1
}
