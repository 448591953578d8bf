import { useRef } from 'preact/hooks'
import { CopyButton } from '../parts/copy-button.tsx'
import type { DeadLetterDetail } from './dead-letter.ts'
import type { DeadLetterModel } from './dead-letter-model.ts'
import { Editor, type EditorHandle } from './editor.tsx'
import { formatted } from './json-positions.ts'
import { texts } from './texts.ts'

/** The message with an editor, and the list of its errors, each a link to its position. */
export function DeadLetterMessage({ model, deadLetter }: { model: DeadLetterModel; deadLetter: DeadLetterDetail }) {
  const handle = useRef<EditorHandle>(null)
  const text = model.text.value
  const isOpen = deadLetter.state === 'open'
  return (
    <section class="card" aria-labelledby="message-title">
      <div class="card-head">
        <h2 id="message-title">{texts.message}</h2>
        <div class="buttons">
          {model.isEdited.value && <span class="tag tone-active">{texts.edited}</span>}
          {model.isEdited.value && (
            <button type="button" class="quiet small" onClick={() => model.reset()}>
              {texts.reset}
            </button>
          )}
          {isOpen && text !== undefined && (
            <button type="button" class="quiet small" onClick={() => model.edit(formatted(text))}>
              {texts.format}
            </button>
          )}
          {text !== undefined && <CopyButton text={text} label={texts.copy} />}
        </div>
      </div>
      {isOpen && <Wrong model={model} show={(offset, length) => handle.current?.show(offset, length)} />}
      {text === undefined ? (
        <NoText model={model} deadLetter={deadLetter} />
      ) : (
        <Editor
          text={text}
          marks={isOpen ? model.marks.value : []}
          label={isOpen ? texts.messageLabel : texts.readOnly}
          isReadOnly={!isOpen}
          onEdit={edited => model.edit(edited)}
          handle={handle}
        />
      )}
    </section>
  )
}

function NoText({ model, deadLetter: { state, value } }: { model: DeadLetterModel; deadLetter: DeadLetterDetail }) {
  return (
    <div class="stack">
      <p>{value === null ? texts.noValue : texts.noText}</p>
      {value !== null && value !== '' && (
        <div class="command">
          <pre>{value}</pre>
          <CopyButton text={value} label={texts.copy} />
        </div>
      )}
      {state === 'open' && (
        <p>
          <button type="button" class="second" onClick={() => model.edit('')}>
            {texts.rewrite}
          </button>
        </p>
      )}
    </div>
  )
}

function Wrong({ model, show }: { model: DeadLetterModel; show: (offset: number, length: number) => void }) {
  const marks = model.marks.value
  const broken = model.syntaxError.value
  const summary = model.isChecked.value
    ? marks.length === 0
      ? texts.noViolations
      : texts.violations(marks.length)
    : texts.unchecked
  return (
    <div class="wrongs">
      <p role="status" class={model.isChecked.value && marks.length > 0 ? 'bad' : 'faint'}>
        {summary}
      </p>
      <ul>
        {marks.map(({ pointer, detail, line, offset, length }) => (
          <li key={pointer + detail}>
            {line === undefined ? (
              <>
                <code>{pointer || texts.whole}</code> {detail}
              </>
            ) : (
              <button type="button" class="quiet small" onClick={() => show(offset, length)}>
                <span class="line">{texts.line(line)}</span> <code>{pointer}</code> <span class="detail">{detail}</span>
              </button>
            )}
          </li>
        ))}
        {broken !== undefined && !model.isChecked.value && (
          <li>
            <button type="button" class="quiet small" onClick={() => show(broken.offset, 1)}>
              {texts.syntax(broken.line)}
            </button>
          </li>
        )}
      </ul>
    </div>
  )
}
