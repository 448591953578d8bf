import { useSignal } from '@preact/signals'
import { Icon } from '../parts/icon.tsx'
import { Refusal, request } from '../platform/api.ts'
import { download } from '../platform/download.ts'
import { withoutEnd } from '../platform/lines.ts'
import { notify } from '../platform/notices.ts'
import { texts } from './texts.ts'

/** Downloads every order that matches the filter as NDJSON. By fetch, since a link could not send the key in a header. */
export function ExportButton({ query }: { query: string }) {
  const under = useSignal<AbortController | undefined>(undefined)
  const bytes = useSignal(0)
  const save = async () => {
    if (under.value !== undefined) return under.value.abort()
    const stop = new AbortController()
    under.value = stop
    bytes.value = 0
    try {
      const headers = { accept: 'application/x-ndjson' }
      const response = await request(`/api/orders?${query}`, { headers, signal: stop.signal })
      const counting = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          bytes.value += chunk.byteLength
          controller.enqueue(chunk)
        },
      })
      // The browser spools blobs to disk, so a million orders do not fill the memory.
      const answer = await withoutEnd(await new Response(response.body?.pipeThrough(counting)).blob())
      if (answer?.end.complete !== true) throw new Error(answer?.end.detail ?? texts.exporting.cutOff)
      download(answer.lines, texts.exporting.file(new Date().toISOString().slice(0, 10)))
    } catch (error) {
      if (!stop.signal.aborted) notify({ tone: 'bad', text: texts.exporting.failed(messageOf(error)) })
    } finally {
      under.value = undefined
    }
  }
  return (
    <button type="button" class="second" onClick={save}>
      <Icon name="download" />
      {under.value === undefined ? texts.exporting.label : texts.exporting.running((bytes.value / 1e6).toFixed(1))}
    </button>
  )
}

function messageOf(error: unknown): string {
  if (error instanceof Refusal) return `${error.message}. ${error.detail}`
  return error instanceof Error ? error.message : String(error)
}
