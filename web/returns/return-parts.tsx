import { type Return, tones } from './return.ts'
import { texts } from './texts.ts'

/** The state of a return as a tag. */
export function ReturnState({ of: { state } }: { of: Return }) {
  return <span class={`tag tone-${tones[state]}`}>{texts.states[state]}</span>
}

/** What of a unit has come back. */
export function Condition({ unit: { condition } }: { unit: Return['units'][number] }) {
  if (condition === null) return <span class="faint">{texts.notReceived}</span>
  const tone = { restock: 'good', damaged: 'attention', missing: 'bad' }[condition]
  return <span class={`tag tone-${tone}`}>{texts.conditions[condition]}</span>
}
