import { useSignal } from '@preact/signals'
import { ActionDialog } from './action-dialogs.tsx'
import type { Shipment, ShipmentAction } from './shipment.ts'
import { texts } from './texts.ts'

const looks: Record<ShipmentAction, string> = {
  cancel: 'danger-quiet',
  update: 'quiet',
  deliver: 'second',
  pack: 'second',
  ship: '',
}

type Props = { shipment: Shipment; load: () => Promise<void>; size?: 'small' }

/** What can be asked of a shipment now, as the service says; each is confirmed in a dialog. */
export function ShipmentActions({ shipment, load, size }: Props) {
  const asked = useSignal<{ action: ShipmentAction; shipment: Shipment } | undefined>(undefined)
  const possible = (Object.keys(looks) as ShipmentAction[]).filter(action =>
    shipment.available_actions.includes(action),
  )
  return (
    <>
      {possible.map(action => (
        <button
          key={action}
          type="button"
          class={`${looks[action]} ${size ?? ''}`}
          onClick={() => {
            asked.value = { action, shipment }
          }}
        >
          {texts.actions[action].button}
        </button>
      ))}
      {asked.value !== undefined && (
        <ActionDialog
          {...asked.value}
          load={load}
          close={() => {
            asked.value = undefined
          }}
        />
      )}
    </>
  )
}
