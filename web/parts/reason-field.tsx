import { texts } from '../texts.ts'

const charactersMax = 300

/** Asks why: nobody should have to ask later. */
export function ReasonField({ isNeeded }: { isNeeded: boolean }) {
  return (
    <label class="field">
      {isNeeded ? texts.actions.reason : texts.actions.reasonOptional}
      <textarea name="reason" rows={3} maxLength={charactersMax} required={isNeeded} />
    </label>
  )
}
