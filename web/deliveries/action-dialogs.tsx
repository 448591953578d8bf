import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { Choice, TextField, TimeField, timeIn } from '../parts/fields.tsx'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { ReasonField } from '../parts/reason-field.tsx'
import { Refusal } from '../platform/api.ts'
import { IdempotencyKey } from '../platform/idempotency-key.ts'
import { notify } from '../platform/notices.ts'
import { carrierPattern, type Shipment, type ShipmentAction } from './shipment.ts'
import { moveShipment } from './shipment-request.ts'
import { texts } from './texts.ts'

type Props = {
  action: ShipmentAction
  /** The shipment as it was when the dialog was opened. */
  shipment: Shipment
  /** Reads what is shown again. */
  load: () => Promise<void>
  close: () => void
}

const { actions, effects, fields } = texts

/** Asks for confirmation of what is asked of a shipment, and for what goes with it. */
export function ActionDialog({ action, shipment, load, close }: Props) {
  const key = useMemo(() => new IdempotencyKey(), [])
  const reallocate = useSignal(false)
  const submit = async (form: FormData) => {
    try {
      await moveShipment(shipment.id, action, bodyOf(action, form, shipment, reallocate.value), key)
    } catch (error) {
      // What is shown is out of date: somebody else was faster.
      if (error instanceof Refusal && error.status === 409) await load()
      throw error
    }
    await load()
    notify({ tone: 'good', text: actions[action].done })
    close()
  }
  return (
    <FormDialog
      title={actions[action].question}
      submit={actions[action].button}
      isDangerous={action === 'cancel'}
      onSubmit={submit}
      onClose={close}
    >
      <Effect action={action} shipment={shipment} />
      {(action === 'ship' || action === 'update') && <NumberFields shipment={shipment} />}
      {action === 'ship' && (
        <>
          <TextField
            label={fields.location}
            name="location"
            value={shipment.location ?? ''}
            hint={fields.locationHint}
          />
          <Choice label={fields.reallocate} isChosen={reallocate} />
        </>
      )}
      {action === 'update' && (
        <>
          <TimeField label={fields.promised} name="promised_by" at={shipment.promised_by} />
          <TimeField label={fields.estimated} name="estimated_delivery_at" at={shipment.estimated_delivery_at} />
        </>
      )}
      <ReasonField isNeeded={action === 'cancel'} />
    </FormDialog>
  )
}

function Effect({ action, shipment }: { action: ShipmentAction; shipment: Shipment }) {
  if (action === 'update') return null
  const effect = action === 'cancel' && shipment.state === 'shipped' ? effects.cancelShipped : effects[action]
  return <p>{effect}</p>
}

/** Asks for a carrier and a number of it. */
export function NumberFields({ shipment }: { shipment?: Shipment }) {
  return (
    <>
      <TextField
        label={fields.carrier}
        name="carrier"
        value={shipment?.carrier ?? ''}
        charactersMax={64}
        pattern={carrierPattern}
        hint={fields.carrierHint}
      />
      <TextField label={fields.number} name="number" charactersMax={64} />
    </>
  )
}

/** What was entered of the carrier and its number, without what was left empty. */
export function numbersOf(form: FormData) {
  const [carrier, number] = [textOf(form, 'carrier'), textOf(form, 'number')]
  return {
    ...(carrier === '' ? {} : { carrier }),
    ...(number === '' ? {} : { tracking_numbers: [{ number }] }),
  }
}

function bodyOf(action: ShipmentAction, form: FormData, shipment: Shipment, reallocate: boolean): object {
  const reason = textOf(form, 'reason')
  if (action === 'ship') {
    const from = textOf(form, 'location')
    return {
      ...{ reason, ...numbersOf(form) },
      ...(from === '' ? {} : { location: from }),
      ...(reallocate ? { reallocate } : {}),
    }
  }
  if (action !== 'update') return { reason }
  return { reason, ...numbersOf(form), ...timesOf(form, shipment) }
}

/** The times that differ from those of the shipment; null removes one. */
function timesOf(form: FormData, shipment: Shipment) {
  const names = ['promised_by', 'estimated_delivery_at'] as const
  const entered = names.map(name => [name, timeIn(form, name, shipment[name])] as const)
  return Object.fromEntries(entered.filter(([name, at]) => at !== shipment[name]))
}
