import { useSignal } from '@preact/signals'
import { ActionButtons } from '../parts/action-buttons.tsx'
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
  return (
    <>
      <ActionButtons
        looks={looks}
        available={shipment.available_actions}
        label={action => texts.actions[action].button}
        ask={action => (asked.value = { action, shipment })}
        size={size}
      />
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
