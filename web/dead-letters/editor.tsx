import type { RefObject } from 'preact'
import { useImperativeHandle, useRef } from 'preact/hooks'
import type { Mark } from './json-positions.ts'

export type EditorHandle = {
  /** Selects a part of the text and scrolls to it. */
  show(offset: number, length: number): void
}

type Props = {
  text: string
  marks: readonly Mark[]
  label: string
  isReadOnly: boolean
  onEdit: (text: string) => void
  handle: RefObject<EditorHandle | null>
}

/** The most marks in the text; the list beside it has all. */
const marksMax = 200

/** A text area with numbered lines, in which lines with errors are marked. */
export function Editor({ text, marks, label, isReadOnly, onEdit, handle }: Props) {
  const frame = useRef<HTMLDivElement>(null)
  const area = useRef<HTMLTextAreaElement>(null)
  const lines = text.split('\n').length
  useImperativeHandle(
    handle,
    () => ({
      show(offset, length) {
        const [box, field] = [frame.current, area.current]
        if (box === null || field === null) return
        field.focus({ preventScroll: true })
        field.setSelectionRange(offset, offset + length)
        const all = field.value.split('\n').length
        const line = field.value.slice(0, offset).split('\n').length
        box.scrollTop = (field.offsetHeight / all) * (line - 1) - box.clientHeight / 3
      },
    }),
    [],
  )
  return (
    <div class="editor" ref={frame}>
      <pre class="numbers" aria-hidden="true">
        {Array.from({ length: lines }, (_, index) => index + 1).join('\n')}
      </pre>
      <div class="pane">
        {linesOf(marks).map(([line, details]) => (
          <div key={line} class="mark" style={{ '--line': String(line - 1) }} aria-hidden="true">
            <span>{details.join('; ')}</span>
          </div>
        ))}
        <textarea
          ref={area}
          aria-label={label}
          value={text}
          readOnly={isReadOnly}
          rows={lines}
          wrap="off"
          spellcheck={false}
          autocapitalize="off"
          autocomplete="off"
          onInput={event => onEdit(event.currentTarget.value)}
        />
      </div>
    </div>
  )
}

/** Groups the errors by line. */
function linesOf(marks: readonly Mark[]): [line: number, details: string[]][] {
  const lines = new Map<number, string[]>()
  for (const { line, detail } of marks) {
    if (line !== undefined) lines.set(line, [...(lines.get(line) ?? []), detail])
  }
  return [...lines].slice(0, marksMax)
}
