import { useSignal } from '@preact/signals'
import { useId, useMemo } from 'preact/hooks'
import type { CountView } from '../../src/inventory/views.ts'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { ReasonField } from '../parts/reason-field.tsx'
import { Refusal } from '../platform/api.ts'
import { IdempotencyKey } from '../platform/idempotency-key.ts'
import { count } from '../platform/money.ts'
import { notify } from '../platform/notices.ts'
import { stockAt, unitsOf } from './item.ts'
import type { ItemModel, ItemState } from './item-model.ts'
import { signed } from './item-parts.tsx'
import { LocationField, UnitsField } from './stock-fields.tsx'
import { recordStock } from './stock-request.ts'
import { texts } from './texts.ts'

type Props = { model: ItemModel; state: ItemState; close: () => void }

const words = texts.count

/**
 * Asks how many units were counted. What is expected is what the dialog shows: if the stock has changed since, the count is refused, the
 * dialog shows what is there now, and it can be submitted again.
 */
export function CountDialog({ model, state, close }: Props) {
  const { item, locations } = state
  const effectId = useId()
  const key = useMemo(() => new IdempotencyKey(), [])
  const known = useSignal(state.stock)
  const location = useSignal(known.value.locations[0]?.location ?? locations[0]?.location ?? '')
  const text = useSignal('')
  const { on_hand: expected, reserved, unavailable } = stockAt(known.value, location.value)
  const counted = unitsOf(text.value, { least: 0 })
  const submit = async (form: FormData) => {
    if (counted === undefined) throw new Refusal(0, { title: texts.invalid })
    const body = { location: location.value, counted, expected, reason: textOf(form, 'reason') }
    try {
      const answer = await recordStock<CountView>(model, item.chrt_id, { path: 'count', body, key })
      notify({ tone: answer.applied ? 'good' : 'plain', text: outcomeOf(answer) })
    } catch (error) {
      known.value = model.value.peek()?.stock ?? known.value
      throw error
    }
    close()
  }
  return (
    <FormDialog
      title={texts.actions.count.question}
      submit={texts.actions.count.button}
      onSubmit={submit}
      onClose={close}
    >
      <LocationField label={texts.fields.location} name="location" locations={locations} chosen={location} />
      <p class="faint">{words.expected(count(expected), count(reserved), count(unavailable))}</p>
      <UnitsField label={texts.fields.counted} text={text} describedBy={effectId} />
      <p id={effectId} class={counted === undefined ? 'faint' : ''}>
        {counted === undefined ? texts.invalid : differenceOf(counted - expected)}
      </p>
      <ReasonField isNeeded={false} />
    </FormDialog>
  )
}

function differenceOf(difference: number): string {
  if (difference === 0) return words.same
  return difference > 0 ? words.more(count(difference)) : words.fewer(count(-difference))
}

function outcomeOf({ applied, difference }: CountView): string {
  if (!applied) return words.ignored
  return difference === 0 ? words.agreed : words.done(signed(difference))
}
