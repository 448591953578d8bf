import { useSignal } from '@preact/signals'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { ask, Refusal, request } from '../platform/api.ts'
import { notify } from '../platform/notices.ts'
import { texts } from './texts.ts'
import type { Webhook, WebhookWithSecret } from './webhook.ts'
import { type WebhookFields, WebhookForm } from './webhook-form.tsx'

type Props = {
  webhook: Webhook
  onChanged: (webhook: Webhook) => void
  onSecret: (secret: string) => void
  onRemoved: () => void
}

/** The actions of a webhook, each with a confirmation. */
export function WebhookActions({ webhook, onChanged, onSecret, onRemoved }: Props) {
  const asked = useSignal<'edit' | 'rotate' | 'disable' | 'remove' | undefined>(undefined)
  const question = (what: typeof asked.value) => () => {
    asked.value = what
  }
  const close = question(undefined)
  const address = `/api/webhooks/${webhook.id}`
  const post = (what: string, body: object) => ask<WebhookWithSecret>(`${address}/${what}`, { method: 'POST', body })
  const save = async (fields: WebhookFields) => {
    onChanged(await ask<Webhook>(address, { method: 'PATCH', body: fields }))
    notify({ tone: 'good', text: texts.saved })
    close()
  }
  const enable = async () => {
    try {
      onChanged(await post('enable', {}))
      notify({ tone: 'good', text: texts.enabled })
    } catch (error) {
      notify({ tone: 'bad', text: error instanceof Refusal ? `${error.message}: ${error.detail}` : String(error) })
    }
  }
  const rotate = async (form: FormData) => {
    const seconds = Number(textOf(form, 'span'))
    const { secret, ...changed } = await post('rotate-secret', { previous_valid_for_seconds: seconds })
    close()
    onChanged(changed)
    onSecret(secret)
  }
  const disable = async () => {
    onChanged(await post('disable', {}))
    close()
  }
  const remove = async () => {
    await request(address, { method: 'DELETE' })
    close()
    onRemoved()
  }
  return (
    <>
      <button type="button" class="danger-quiet" onClick={question('remove')}>
        {texts.remove}
      </button>
      <button type="button" class="second" onClick={question('rotate')}>
        {texts.rotate}
      </button>
      {webhook.status !== 'disabled' && (
        <button type="button" class="second" onClick={question('disable')}>
          {texts.disable}
        </button>
      )}
      <button type="button" class="second" onClick={question('edit')}>
        {texts.edit}
      </button>
      {webhook.status === 'disabled' && (
        <button type="button" onClick={enable}>
          {texts.enable}
        </button>
      )}
      {asked.value === 'edit' && <WebhookForm webhook={webhook} save={save} close={close} />}
      {asked.value === 'rotate' && (
        <FormDialog title={texts.rotateTitle} submit={texts.rotateButton} onSubmit={rotate} onClose={close}>
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
      )}
      {asked.value === 'disable' && (
        <FormDialog title={texts.disableTitle} submit={texts.disable} onSubmit={disable} onClose={close}>
          <p>{texts.disableText}</p>
        </FormDialog>
      )}
      {asked.value === 'remove' && (
        <FormDialog title={texts.removeTitle} submit={texts.remove} isDangerous onSubmit={remove} onClose={close}>
          <p>{texts.removeText}</p>
        </FormDialog>
      )}
    </>
  )
}
