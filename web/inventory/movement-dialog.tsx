import { useSignal } from '@preact/signals'
import { useId, useMemo } from 'preact/hooks'
import { changeOf } from '../../src/inventory/movement.ts'
import { Choice } from '../parts/fields.tsx'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { ReasonField } from '../parts/reason-field.tsx'
import { Refusal } from '../platform/api.ts'
import { IdempotencyKey } from '../platform/idempotency-key.ts'
import { count } from '../platform/money.ts'
import { notify } from '../platform/notices.ts'
import { type RecordedKind, type Stock, stockAt, unitsOf } from './item.ts'
import type { ItemModel, ItemState } from './item-model.ts'
import { signed } from './item-parts.tsx'
import { LocationField, UnitsField } from './stock-fields.tsx'
import { recordStock } from './stock-request.ts'
import { texts } from './texts.ts'

export type MovementAction = Exclude<RecordedKind, 'returned'>

type Props = { kind: MovementAction; model: ItemModel; state: ItemState; close: () => void }

const withReason: readonly MovementAction[] = ['adjusted', 'written_off', 'quarantined']
const { fields } = texts

/** Asks for the units of a movement, and says what it makes of the stock. */
export function MovementDialog({ kind, model, state, close }: Props) {
  const { item, locations } = state
  const stock = model.value.value?.stock ?? state.stock
  const effectId = useId()
  const key = useMemo(() => new IdempotencyKey(), [])
  const from = useSignal(stock.locations[0]?.location ?? locations[0]?.location ?? '')
  const to = useSignal(locations.find(({ location }) => location !== from.value)?.location ?? '')
  const text = useSignal('')
  const isQuarantine = useSignal(false)
  const isTransfer = kind === 'transferred'
  const isSigned = kind === 'adjusted'
  const units = readUnits(text.value, isSigned)
  const submit = async (form: FormData) => {
    const quantity = neededUnits(text.value, isSigned)
    if (isTransfer && (to.value === '' || to.value === from.value)) throw new Refusal(0, { title: texts.sameLocation })
    const body = {
      ...{ kind, quantity, location: from.value, reason: textOf(form, 'reason') },
      ...(isTransfer ? { to_location: to.value } : {}),
      ...(isQuarantine.value ? { quarantine: true } : {}),
    }
    await recordStock(model, item.chrt_id, { path: 'movements', body, key })
    notify({ tone: 'good', text: texts.done[kind](isSigned ? signed(quantity) : count(quantity)) })
    close()
  }
  const planned = { kind, units, from: from.value, to: to.value, quarantine: isQuarantine.value }
  return (
    <FormDialog
      title={texts.actions[kind].question}
      submit={submitOf(kind, units)}
      isDangerous={kind === 'written_off'}
      onSubmit={submit}
      onClose={close}
    >
      <LocationField
        label={isTransfer ? fields.from : fields.location}
        name="location"
        locations={locations}
        chosen={from}
      />
      {isTransfer && <LocationField label={fields.to} name="to_location" locations={locations} chosen={to} />}
      <UnitsField label={fields[isSigned ? 'change' : 'quantity']} {...{ text, isSigned }} describedBy={effectId} />
      {kind === 'received' && <Choice label={fields.quarantineIn} isChosen={isQuarantine} />}
      {kind === 'written_off' && <Choice label={fields.quarantineOut} isChosen={isQuarantine} />}
      <div id={effectId} class={units === undefined ? 'faint' : ''}>
        <Effects stock={stock} planned={planned} />
      </div>
      <ReasonField isNeeded={withReason.includes(kind)} />
    </FormDialog>
  )
}

function submitOf(kind: MovementAction, units: number | undefined): string {
  const { button } = texts.actions[kind]
  if (units === undefined) return button
  return `${button} ${kind === 'adjusted' ? signed(units) : count(units)}`
}

function readUnits(text: string, isSigned: boolean): number | undefined {
  const units = unitsOf(text, isSigned ? { least: -1_000_000_000 } : {})
  return units === 0 ? undefined : units
}

/** @throws Refusal when no number of units was typed */
function neededUnits(text: string, isSigned: boolean): number {
  const units = readUnits(text, isSigned)
  if (units !== undefined) return units
  throw new Refusal(0, { title: texts.invalid, detail: isSigned ? texts.invalidChangeHint : texts.invalidHint })
}

type Planned = { kind: MovementAction; units: number | undefined; from: string; to: string; quarantine: boolean }

function Effects({ stock, planned }: { stock: Stock; planned: Planned }) {
  if (planned.units === undefined) return <>{texts.invalid}</>
  return (
    <>
      {effectsOf(stock, { ...planned, units: planned.units }).map(effect => (
        <p key={effect}>{effect}</p>
      ))}
    </>
  )
}

function effectsOf(stock: Stock, { kind, units, from, to, quarantine }: Planned & { units: number }): string[] {
  if (kind !== 'transferred') return [effectOf(stock, from, kind, units, quarantine)]
  return [effectOf(stock, from, kind, -units, false), effectOf(stock, to, kind, units, false)]
}

/** What is on hand and available at a location, before and after a movement. */
function effectOf(stock: Stock, location: string, kind: MovementAction, units: number, inQuarantine: boolean): string {
  const { on_hand: onHand, available } = stockAt(stock, location)
  const change = changeOf(kind, units, { inQuarantine })
  return texts.change(
    location,
    texts.fromTo(count(onHand), count(onHand + change.onHand)),
    texts.fromTo(count(available), count(available + change.onHand - change.reserved - change.unavailable)),
  )
}
