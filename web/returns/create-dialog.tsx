import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import type { StoredOrderView } from '../../src/orders/views.ts'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { ReasonField } from '../parts/reason-field.tsx'
import { UnitChoice } from '../parts/unit-choice.tsx'
import { Refusal } from '../platform/api.ts'
import { IdempotencyKey } from '../platform/idempotency-key.ts'
import { notify } from '../platform/notices.ts'
import type { Shipment } from './return.ts'
import { createReturn } from './return-request.ts'
import { texts } from './texts.ts'

const words = texts.create

type Props = {
  order: StoredOrderView
  /** What can come back. */
  units: readonly Shipment['units'][number][]
  load: () => Promise<void>
  close: () => void
}

/** Asks which units of an order come back, and why. */
export function CreateDialog({ order, units, load, close }: Props) {
  const key = useMemo(() => new IdempotencyKey(), [])
  const choices = useMemo(
    () => units.map(({ line, rid }) => ({ line, rid, name: order.items[line]?.name ?? rid })),
    [units, order],
  )
  const chosen = useSignal<ReadonlySet<number>>(new Set())
  const submit = async (form: FormData) => {
    const rids = choices.filter(({ line }) => chosen.value.has(line)).map(({ rid }) => rid)
    if (rids.length === 0) throw new Refusal(0, { title: words.none, detail: words.noneHint })
    await createReturn(order.order_uid, { rids, reason: textOf(form, 'reason') }, key)
    await load()
    notify({ tone: 'good', text: words.done })
    close()
  }
  return (
    <FormDialog title={words.question} submit={words.button} onSubmit={submit} onClose={close}>
      <UnitChoice legend={words.units} units={choices} chosen={chosen} />
      <ReasonField isNeeded />
    </FormDialog>
  )
}
