import { useSignal } from '@preact/signals'
import { ActionButtons } from '../parts/action-buttons.tsx'
import { ActionDialog } from './action-dialog.tsx'
import type { Return, ReturnAction } from './return.ts'
import { texts } from './texts.ts'

const looks: Record<ReturnAction, string> = {
  cancel: 'danger-quiet',
  reject: 'danger-quiet',
  approve: '',
  receive: 'second',
  refund: '',
}

type Props = { of: Return; load: () => Promise<void>; size?: 'small' }

/** What can be asked of a return now, as the service says; each is confirmed in a dialog. */
export function ReturnActions({ of, load, size }: Props) {
  const asked = useSignal<{ action: ReturnAction; of: Return } | undefined>(undefined)
  return (
    <>
      <ActionButtons
        looks={looks}
        available={of.available_actions}
        label={action => texts.actions[action].button}
        ask={action => (asked.value = { action, of })}
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
