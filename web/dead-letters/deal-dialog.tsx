import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { ReasonField } from '../parts/reason-field.tsx'
import { Refusal } from '../platform/api.ts'
import { notify } from '../platform/notices.ts'
import { orderAddress } from '../routes.ts'
import { letterTexts as words } from '../texts/dead-letters.ts'
import type { LetterModel } from './letter-model.ts'

type Props = { kind: 'replay' | 'discard'; model: LetterModel; close: () => void }

/** Asks whether a replay or a discard is meant, and why; then does it, and says what came of it. */
export function DealDialog({ kind, model, close }: Props) {
  const isDiscard = kind === 'discard'
  const isEdited = model.isEdited.value
  const submit = async (form: FormData) => {
    const reason = textOf(form, 'reason')
    try {
      const result = await (isDiscard ? model.discard(reason) : model.replay(reason))
      const link = result.order_uid && { href: orderAddress(result.order_uid), label: words.look }
      const text = isDiscard ? words.discarded(model.id) : words.replayed(model.id, words.outcomes[result.outcome])
      notify({ tone: 'good', text, ...(link ? { link } : {}) })
      close()
      await model.load()
    } catch (error) {
      // It was refused by the rules, or somebody else was faster: what is shown has to follow.
      if (error instanceof Refusal && error.code === 'DEAD_LETTER_TAKEN') await model.load()
      else if (error instanceof Refusal && !isDiscard) await model.mark(error.violations)
      throw error
    }
  }
  return (
    <FormDialog
      title={isDiscard ? words.discardQuestion : words.replayQuestion}
      submit={isDiscard ? words.discard : isEdited ? words.replayEdited : words.replay}
      isDangerous={isDiscard}
      onSubmit={submit}
      onClose={close}
    >
      <p>{isDiscard ? words.discardEffect : isEdited ? words.replayEditedEffect : words.replayEffect}</p>
      <ReasonField isNeeded={isDiscard} />
    </FormDialog>
  )
}
