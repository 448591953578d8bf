import { useSignal } from '@preact/signals'
import { Icon } from './icon.tsx'
import { commonTexts } from './texts.ts'

const saidMs = 2_000

/** Copies a text, and confirms it. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const isCopied = useSignal(false)
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    isCopied.value = true
    setTimeout(() => {
      isCopied.value = false
    }, saidMs)
  }
  return (
    <button type="button" class="quiet small" onClick={copy} aria-label={label} title={label}>
      <Icon name="copy" />
      <span role="status">{isCopied.value ? commonTexts.copied : ''}</span>
    </button>
  )
}
