import { commonTexts } from './texts.ts'

const charactersMax = 300

/** Asks for a reason. */
export function ReasonField({ isNeeded }: { isNeeded: boolean }) {
  return (
    <label class="field">
      {isNeeded ? commonTexts.reason : commonTexts.reasonOptional}
      <textarea name="reason" rows={3} maxLength={charactersMax} required={isNeeded} />
    </label>
  )
}
