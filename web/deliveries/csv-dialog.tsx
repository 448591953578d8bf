import { useMemo } from 'preact/hooks'
import { FormDialog } from '../parts/form-dialog.tsx'
import { notify } from '../platform/notices.ts'
import { RefusedShipments } from './bulk-bar.tsx'
import { BulkWork } from './bulk-work.ts'
import { texts } from './texts.ts'

const words = texts.csv

/** Ships what a CSV file names, with the tracking numbers that it gives. */
export function CsvDialog({ close }: { close: () => void }) {
  const work = useMemo(() => new BulkWork(), [])
  const submit = async (form: FormData) => {
    const file = form.get('file')
    const text = file instanceof File ? await file.text() : ''
    const { readSteps } = await import('./csv-steps.ts')
    const steps = readSteps(text)
    work.done.value = 0
    work.refused.value = []
    await work.run(steps)
    const isDone = work.refused.value.length === 0
    notify({ tone: isDone ? 'good' : 'bad', text: texts.bulk.outcome(work.done.value, texts.bulk.shipped) })
    if (isDone) close()
  }
  const done = work.done.value
  return (
    <FormDialog title={words.question} submit={words.submit} onSubmit={submit} onClose={close}>
      <label class="field">
        {words.file}
        <input type="file" name="file" accept=".csv,text/csv" required />
      </label>
      <p class="faint">{words.hint}</p>
      {done > 0 && <p role="status">{texts.bulk.outcome(done, texts.bulk.shipped)}</p>}
      <RefusedShipments of={work.refused.value} />
    </FormDialog>
  )
}
