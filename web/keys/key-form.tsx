import { useSignal } from '@preact/signals'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { SecretDialog } from '../parts/secret-dialog.tsx'
import { Refusal } from '../platform/api.ts'
import { type MadeKey, scopes } from './key.ts'
import { texts } from './texts.ts'

const nameCharactersMax = 100

type FormProps = {
  /** Whether there are no keys yet. */
  isFirst: boolean
  create: (name: string, scopes: readonly string[]) => Promise<void>
  close: () => void
}

/** Asks for the name and the scopes of a key. The first one has all scopes by default. */
export function KeyForm({ isFirst, create, close }: FormProps) {
  const chosen = useSignal<readonly string[]>(isFirst ? scopes : ['orders:read'])
  const submit = async (form: FormData) => {
    if (chosen.value.length === 0) throw new Refusal(0, { title: texts.noScopes })
    await create(textOf(form, 'name'), chosen.value)
  }
  const toggle = (scope: string) => {
    chosen.value = chosen.value.includes(scope)
      ? chosen.value.filter(other => other !== scope)
      : [...chosen.value, scope]
  }
  return (
    <FormDialog title={texts.createTitle} submit={texts.createButton} onSubmit={submit} onClose={close}>
      {isFirst && <p class="warning">{texts.createFirst}</p>}
      <label class="field">
        {texts.name}
        <input name="name" required maxLength={nameCharactersMax} pattern=".*\S.*" autocomplete="off" />
      </label>
      <fieldset class="choices">
        <legend class="field">{texts.scopes}</legend>
        {scopes.map(scope => (
          <label key={scope}>
            <input type="checkbox" checked={chosen.value.includes(scope)} onChange={() => toggle(scope)} />
            <span>
              <span class="code">{scope}</span> <span class="faint">{texts.meanings[scope]}</span>
            </span>
          </label>
        ))}
      </fieldset>
      {isFirst && !chosen.value.includes('admin') && <p class="warning">{texts.noAdmin}</p>}
    </FormDialog>
  )
}

type NewProps = { made: MadeKey; isFirst: boolean; onDone: (isUsed: boolean) => void }

/** Shows a new key once. After the first one the page needs a key too, and uses this one if the user agrees. */
export function NewKeyDialog({ made, isFirst, onDone }: NewProps) {
  const isUsed = useSignal(isFirst)
  return (
    <SecretDialog
      title={texts.secretTitle(made.name)}
      secret={made.key}
      note={texts.secretNote}
      onDone={() => onDone(isUsed.value)}
    >
      {isFirst && (
        <label class="choice">
          <input
            type="checkbox"
            checked={isUsed.value}
            onChange={() => {
              isUsed.value = !isUsed.value
            }}
          />
          <span>{texts.use}</span>
        </label>
      )}
    </SecretDialog>
  )
}
