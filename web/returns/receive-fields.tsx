import { TextField } from '../parts/fields.tsx'
import { textOf } from '../parts/form-dialog.tsx'
import { Refusal } from '../platform/api.ts'
import { conditions, expectedUnits, type Return } from './return.ts'
import { texts } from './texts.ts'

/** Asks of each unit that is expected what it is like. */
export function ReceiveFields({ of }: { of: Return }) {
  return (
    <>
      <div class="units-field">
        {expectedUnits(of).map(({ rid, line }) => (
          <label key={line} class="field">
            {texts.fields.condition(rid)}
            <select name={`unit-${line}`}>
              <option value="">{texts.fields.notYet}</option>
              {conditions.map(condition => (
                <option key={condition} value={condition}>
                  {texts.conditions[condition]}
                </option>
              ))}
            </select>
          </label>
        ))}
      </div>
      <TextField label={texts.fields.location} name="location" charactersMax={64} hint={texts.fields.locationHint} />
    </>
  )
}

/** What was entered. @throws Refusal when nothing was said of any unit */
export function receiptOf(form: FormData, of: Return) {
  const location = textOf(form, 'location')
  const units = expectedUnits(of).flatMap(({ rid, line }) => {
    const condition = textOf(form, `unit-${line}`)
    // What was not in the parcel is put nowhere.
    const isPut = condition !== 'missing' && location !== ''
    return condition === '' ? [] : [{ rid, condition, ...(isPut ? { location } : {}) }]
  })
  if (units.length === 0) throw new Refusal(0, { title: texts.nothing, detail: texts.nothingHint })
  return { units }
}
