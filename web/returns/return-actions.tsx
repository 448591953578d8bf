import { useSignal } from '@preact/signals'
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
  const possible = (Object.keys(looks) as ReturnAction[]).filter(action => of.available_actions.includes(action))
  return (
    <>
      {possible.map(action => (
        <button
          key={action}
          type="button"
          class={`${looks[action]} ${size ?? ''}`}
          onClick={() => {
            asked.value = { action, of }
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
