import type { ComponentChildren } from 'preact'
import { texts } from '../texts.ts'
import { CopyButton } from './copy-button.tsx'
import { Dialog } from './dialog.tsx'

type Props = { title: string; secret: string; note: string; onDone: () => void; children?: ComponentChildren }

/** Shows a secret that is told once. Whoever opens it lets go of the secret when it is done. */
export function SecretDialog({ title, secret, note, onDone, children }: Props) {
  return (
    <Dialog title={title} onClose={onDone}>
      <div class="stack">
        <p>{note}</p>
        <div class="command">
          <pre>{secret}</pre>
          <CopyButton text={secret} label={texts.copySecret} />
        </div>
        {children}
        <div class="buttons">
          <button type="button" onClick={onDone}>
            {texts.done}
          </button>
        </div>
      </div>
    </Dialog>
  )
}
