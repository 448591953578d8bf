import { orderAddress } from '../orders/addresses.ts'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { ReasonField } from '../parts/reason-field.tsx'
import { Refusal } from '../platform/api.ts'
import { notify } from '../platform/notices.ts'
import type { DeadLetterModel } from './dead-letter-model.ts'
import { texts } from './texts.ts'

type Props = { kind: 'replay' | 'discard'; model: DeadLetterModel; close: () => void }

/** Asks for confirmation and a reason, replays or discards the message, and shows the outcome. */
export function ResolveDialog({ kind, model, close }: Props) {
  const isDiscard = kind === 'discard'
  const isEdited = model.isEdited.value
  const submit = async (form: FormData) => {
    const reason = textOf(form, 'reason')
    try {
      const result = await (isDiscard ? model.discard(reason) : model.replay(reason))
      const link = result.order_uid && { href: orderAddress(result.order_uid), label: texts.look }
      const text = isDiscard ? texts.discarded(model.id) : texts.replayed(model.id, texts.outcomes[result.outcome])
      notify({ tone: 'good', text, ...(link ? { link } : {}) })
      close()
      await model.load()
    } catch (error) {
      // It was rejected, or somebody else was faster: update what is shown.
      if (error instanceof Refusal && error.code === 'DEAD_LETTER_TAKEN') await model.load()
      else if (error instanceof Refusal && !isDiscard) await model.mark(error.violations)
      throw error
    }
  }
  return (
    <FormDialog
      title={isDiscard ? texts.discardQuestion : texts.replayQuestion}
      submit={isDiscard ? texts.discard : isEdited ? texts.replayEdited : texts.replay}
      isDangerous={isDiscard}
      onSubmit={submit}
      onClose={close}
    >
      <p>{isDiscard ? texts.discardEffect : isEdited ? texts.replayEditedEffect : texts.replayEffect}</p>
      <ReasonField isNeeded={isDiscard} />
    </FormDialog>
  )
}
