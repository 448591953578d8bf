import type { TargetedSubmitEvent } from 'preact'
import { Dialog } from '../parts/dialog.tsx'
import { answerWithKey, keyQuestion } from '../platform/key.ts'
import { shellTexts } from './texts.ts'

/** Asks for an API key while one is needed. */
export function KeyDialog() {
  const question = keyQuestion.value
  if (question === undefined) return null
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const key = new FormData(event.currentTarget).get('key')
    answerWithKey(String(key ?? '').trim())
  }
  return (
    <Dialog title={shellTexts.key.title} onClose={() => answerWithKey(undefined)}>
      <form onSubmit={submit} class="stack">
        <p>{shellTexts.key.explanation}</p>
        {question.complaint !== '' && (
          <p class="bad" role="alert">
            {question.complaint}
          </p>
        )}
        <label class="field">
          {shellTexts.key.label}
          <input name="key" type="password" autocomplete="off" required />
        </label>
        <div class="buttons">
          <button type="button" class="quiet" onClick={() => answerWithKey(undefined)}>
            {shellTexts.cancel}
          </button>
          <button type="submit">{shellTexts.key.submit}</button>
        </div>
      </form>
    </Dialog>
  )
}
