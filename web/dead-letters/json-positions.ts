import { applyEdits, format, type Node, type ParseError, parseTree } from 'jsonc-parser'
import type { Violation } from '../platform/api.ts'

/** A violation with its position in a text. */
export type Mark = Violation & {
  /** From 1; undefined where the violation has no position. */
  line: number | undefined
  offset: number
  length: number
}

const strictly = { disallowComments: true, allowTrailingComma: false }

/** Formats JSON with a line for each value. Only white space changes: every digit stays as it is. */
export function formatted(text: string): string {
  if (syntaxErrorOf(text) !== undefined) return text
  return applyEdits(text, format(text, undefined, { insertSpaces: true, tabSize: 2, eol: '\n' }))
}

/** The position of the first syntax error; undefined for valid JSON. */
export function syntaxErrorOf(text: string): { line: number; offset: number } | undefined {
  const errors: ParseError[] = []
  parseTree(text, errors, strictly)
  const [first] = errors
  return first === undefined ? undefined : { line: lineOf(lineStarts(text), first.offset), offset: first.offset }
}

/**
 * Finds the positions of violations in a text: at the value that the pointer names, or at its nearest parent. A pointer that leads
 * nowhere, or a text that is not JSON, has no position.
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

/** The value of a JSON Pointer (RFC 6901), or its nearest parent that exists. */
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

/** By binary search: a text of a megabyte may have many lines and many violations. */
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
