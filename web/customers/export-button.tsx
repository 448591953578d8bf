import { useSignal } from '@preact/signals'
import { Icon } from '../parts/icon.tsx'
import { commonTexts } from '../parts/texts.ts'
import { Refusal, request } from '../platform/api.ts'
import { download } from '../platform/download.ts'
import { notify } from '../platform/notices.ts'
import type { CustomerModel } from './customer-model.ts'
import { texts } from './texts.ts'

const words = texts.exporting
/** What a whole export ends with, and no part of one does. */
const end = '}\n'

/** Saves everything that is stored about a customer as JSON. By fetch, since a link could not send the key in a header. */
export function ExportButton({ model }: { model: CustomerModel }) {
  const isRunning = useSignal(false)
  const save = async () => {
    isRunning.value = true
    try {
      const response = await request(`${model.path}/export`)
      // The browser spools blobs to disk, so a large one does not fill the memory.
      const blob = await response.blob()
      if ((await blob.slice(-end.length).text()) !== end) throw new Error(words.cutOff)
      download(blob, words.file(new Date().toISOString().slice(0, 10)))
    } catch (error) {
      notify({ tone: 'bad', text: words.failed(messageOf(error)) })
    } finally {
      isRunning.value = false
    }
  }
  return (
    <button type="button" class="second" disabled={isRunning.value} onClick={save}>
      <Icon name="download" />
      {isRunning.value ? commonTexts.running : words.button}
    </button>
  )
}

function messageOf(error: unknown): string {
  if (error instanceof Refusal) return error.message
  return error instanceof Error ? error.message : String(error)
}
