import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import type { StoredOrderView } from '../../src/orders/views.ts'
import { TimeField, timeIn } from '../parts/fields.tsx'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { ReasonField } from '../parts/reason-field.tsx'
import { UnitChoice } from '../parts/unit-choice.tsx'
import { Refusal } from '../platform/api.ts'
import { IdempotencyKey } from '../platform/idempotency-key.ts'
import { notify } from '../platform/notices.ts'
import { NumberFields, numbersOf } from './action-dialogs.tsx'
import { type Shipment, unshippedUnits } from './shipment.ts'
import { createShipment } from './shipment-request.ts'
import { texts } from './texts.ts'

const words = texts.create

type Props = {
  order: StoredOrderView
  shipments: readonly Shipment[]
  load: () => Promise<void>
  close: () => void
}

/** Asks which units of an order go out together. */
export function CreateDialog({ order, shipments, load, close }: Props) {
  const key = useMemo(() => new IdempotencyKey(), [])
  const free = useMemo(() => unshippedUnits(order.items, shipments), [order, shipments])
  const chosen = useSignal<ReadonlySet<number>>(new Set(free.map(({ line }) => line)))
  const submit = async (form: FormData) => {
    const rids = free.filter(({ line }) => chosen.value.has(line)).map(({ rid }) => rid)
    if (rids.length === 0) throw new Refusal(0, { title: words.none, detail: words.noneHint })
    const promised = timeIn(form, 'promised_by', null)
    const body = {
      ...{ rids, reason: textOf(form, 'reason'), ...numbersOf(form) },
      ...(promised === null ? {} : { promised_by: promised }),
    }
    await createShipment(order.order_uid, body, key)
    await load()
    notify({ tone: 'good', text: words.done })
    close()
  }
  return (
    <FormDialog title={words.question} submit={words.button} onSubmit={submit} onClose={close}>
      <UnitChoice legend={words.units} units={free} chosen={chosen} />
      <NumberFields />
      <TimeField label={texts.fields.promised} name="promised_by" at={null} />
      <ReasonField isNeeded={false} />
    </FormDialog>
  )
}
