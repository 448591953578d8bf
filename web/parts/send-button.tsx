import { Icon } from './icon.tsx'
import { sending, sendTestOrder } from './send-order.ts'
import { commonTexts } from './texts.ts'

/** Sends a test order, and shows its progress. */
export function SendButton({ isLarge = false }: { isLarge?: boolean }) {
  const state = sending.value
  return (
    <button type="button" class={isLarge ? 'large' : 'second'} disabled={state !== undefined} onClick={sendTestOrder}>
      <Icon name="send" />
      {state === undefined ? commonTexts.sendOrder.send : commonTexts.sendOrder[state]}
    </button>
  )
}
