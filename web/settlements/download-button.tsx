import { useSignal } from '@preact/signals'
import { Icon } from '../parts/icon.tsx'
import { commonTexts } from '../parts/texts.ts'
import { Refusal, request } from '../platform/api.ts'
import { download } from '../platform/download.ts'
import { notify } from '../platform/notices.ts'
import type { Outcome } from './report.ts'
import { texts } from './texts.ts'

/** Saves the differences as CSV. By fetch, since a link could not send the key in a header. */
export function DownloadButton({ id, outcome }: { id: string; outcome: Outcome | undefined }) {
  const isRunning = useSignal(false)
  const save = async () => {
    isRunning.value = true
    try {
      const query = outcome === undefined ? '' : `?outcome=${outcome}`
      const path = `/api/reconciliations/${encodeURIComponent(id)}/lines${query}`
      const response = await request(path, { headers: { accept: 'text/csv' } })
      download(await response.blob(), texts.file(id))
    } catch (error) {
      notify({ tone: 'bad', text: texts.downloadFailed(error instanceof Refusal ? error.message : String(error)) })
    } finally {
      isRunning.value = false
    }
  }
  return (
    <button type="button" class="second" disabled={isRunning.value} onClick={save}>
      <Icon name="download" />
      {isRunning.value ? commonTexts.running : texts.download}
    </button>
  )
}
