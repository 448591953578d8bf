import { useRef } from 'preact/hooks'
import { CopyButton } from '../parts/copy-button.tsx'
import { letterTexts as words } from '../texts/dead-letters.ts'
import { Editor, type EditorHandle } from './editor.tsx'
import type { WholeLetter } from './letter.ts'
import type { LetterModel } from './letter-model.ts'
import { formatted } from './places.ts'

/** The message, to be read and edited, and under it what is wrong, each leading to its place. */
export function LetterMessage({ model, letter }: { model: LetterModel; letter: WholeLetter }) {
  const handle = useRef<EditorHandle>(null)
  const text = model.text.value
  const isOpen = letter.state === 'open'
  return (
    <section class="card" aria-labelledby="message-title">
      <div class="card-head">
        <h2 id="message-title">{words.message}</h2>
        <div class="buttons">
          {model.isEdited.value && <span class="tag tone-active">{words.edited}</span>}
          {model.isEdited.value && (
            <button type="button" class="quiet small" onClick={() => model.reset()}>
              {words.reset}
            </button>
          )}
          {isOpen && text !== undefined && (
            <button type="button" class="quiet small" onClick={() => model.edit(formatted(text))}>
              {words.format}
            </button>
          )}
          {text !== undefined && <CopyButton text={text} label={words.copy} />}
        </div>
      </div>
      {isOpen && <Wrong model={model} show={(offset, length) => handle.current?.show(offset, length)} />}
      {text === undefined ? (
        <NoText model={model} letter={letter} />
      ) : (
        <Editor
          text={text}
          marks={isOpen ? model.marks.value : []}
          label={isOpen ? words.messageLabel : words.readOnly}
          isReadOnly={!isOpen}
          onEdit={edited => model.edit(edited)}
          handle={handle}
        />
      )}
    </section>
  )
}

function NoText({ model, letter: { state, value } }: { model: LetterModel; letter: WholeLetter }) {
  return (
    <div class="stack">
      <p>{value === null ? words.noValue : words.noText}</p>
      {value !== null && value !== '' && (
        <div class="command">
          <pre>{value}</pre>
          <CopyButton text={value} label={words.copy} />
        </div>
      )}
      {state === 'open' && (
        <p>
          <button type="button" class="second" onClick={() => model.edit('')}>
            {words.rewrite}
          </button>
        </p>
      )}
    </div>
  )
}

function Wrong({ model, show }: { model: LetterModel; show: (offset: number, length: number) => void }) {
  const marks = model.marks.value
  const broken = model.syntaxError.value
  const summary = model.isChecked.value
    ? marks.length === 0
      ? words.noViolations
      : words.violations(marks.length)
    : words.unchecked
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
                <code>{pointer || words.whole}</code> {detail}
              </>
            ) : (
              <button type="button" class="quiet small" onClick={() => show(offset, length)}>
                <span class="line">{words.line(line)}</span> <code>{pointer}</code> <span class="detail">{detail}</span>
              </button>
            )}
          </li>
        ))}
        {broken !== undefined && !model.isChecked.value && (
          <li>
            <button type="button" class="quiet small" onClick={() => show(broken.offset, 1)}>
              {words.syntax(broken.line)}
            </button>
          </li>
        )}
      </ul>
    </div>
  )
}
