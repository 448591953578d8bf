import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { texts } from './texts.ts'

type RotateProps = { rotate: (seconds: number) => Promise<void>; close: () => void }

/** Asks how long the previous secret stays valid. */
export function RotateDialog({ rotate, close }: RotateProps) {
  return (
    <FormDialog
      title={texts.rotateTitle}
      submit={texts.rotateButton}
      onSubmit={form => rotate(Number(textOf(form, 'span')))}
      onClose={close}
    >
      <p>{texts.rotateText}</p>
      <label class="field">
        {texts.rotateFor}
        <select name="span">
          {texts.rotateSpans.map(([seconds, label]) => (
            <option key={seconds} value={seconds}>
              {label}
            </option>
          ))}
        </select>
      </label>
    </FormDialog>
  )
}

export function DisableDialog({ disable, close }: { disable: () => Promise<void>; close: () => void }) {
  return (
    <FormDialog title={texts.disableTitle} submit={texts.disable} onSubmit={disable} onClose={close}>
      <p>{texts.disableText}</p>
    </FormDialog>
  )
}

export function RemoveDialog({ remove, close }: { remove: () => Promise<void>; close: () => void }) {
  return (
    <FormDialog title={texts.removeTitle} submit={texts.remove} isDangerous onSubmit={remove} onClose={close}>
      <p>{texts.removeText}</p>
    </FormDialog>
  )
}
