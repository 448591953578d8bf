import type { ComponentChildren } from 'preact'
import { CopyButton } from './copy-button.tsx'
import { Dialog } from './dialog.tsx'
import { commonTexts } from './texts.ts'

type Props = { title: string; secret: string; note: string; onDone: () => void; children?: ComponentChildren }

/** Shows a secret once. The caller forgets the secret in `onDone`. */
export function SecretDialog({ title, secret, note, onDone, children }: Props) {
  return (
    <Dialog title={title} onClose={onDone}>
      <div class="stack">
        <p>{note}</p>
        <div class="command">
          <pre>{secret}</pre>
          <CopyButton text={secret} label={commonTexts.copySecret} />
        </div>
        {children}
        <div class="buttons">
          <button type="button" onClick={onDone}>
            {commonTexts.done}
          </button>
        </div>
      </div>
    </Dialog>
  )
}
