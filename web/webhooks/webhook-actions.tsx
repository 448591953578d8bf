import { useSignal } from '@preact/signals'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { ask, Refusal, request } from '../platform/api.ts'
import { notify } from '../platform/notices.ts'
import { webhookTexts as words } from '../texts/webhooks.ts'
import type { Webhook, WebhookWithSecret } from './webhook.ts'
import { type WebhookFields, WebhookForm } from './webhook-form.tsx'

type Props = {
  webhook: Webhook
  onChanged: (webhook: Webhook) => void
  onSecret: (secret: string) => void
  onRemoved: () => void
}

/** What can be done with a subscription, each with a question before it. */
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
    notify({ tone: 'good', text: words.saved })
    close()
  }
  const enable = async () => {
    try {
      onChanged(await post('enable', {}))
      notify({ tone: 'good', text: words.enabled })
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
        {words.remove}
      </button>
      <button type="button" class="second" onClick={question('rotate')}>
        {words.rotate}
      </button>
      {webhook.status !== 'disabled' && (
        <button type="button" class="second" onClick={question('disable')}>
          {words.disable}
        </button>
      )}
      <button type="button" class="second" onClick={question('edit')}>
        {words.edit}
      </button>
      {webhook.status === 'disabled' && (
        <button type="button" onClick={enable}>
          {words.enable}
        </button>
      )}
      {asked.value === 'edit' && <WebhookForm webhook={webhook} save={save} close={close} />}
      {asked.value === 'rotate' && (
        <FormDialog title={words.rotateTitle} submit={words.rotateButton} onSubmit={rotate} onClose={close}>
          <p>{words.rotateText}</p>
          <label class="field">
            {words.rotateFor}
            <select name="span">
              {words.rotateSpans.map(([seconds, label]) => (
                <option key={seconds} value={seconds}>
                  {label}
                </option>
              ))}
            </select>
          </label>
        </FormDialog>
      )}
      {asked.value === 'disable' && (
        <FormDialog title={words.disableTitle} submit={words.disable} onSubmit={disable} onClose={close}>
          <p>{words.disableText}</p>
        </FormDialog>
      )}
      {asked.value === 'remove' && (
        <FormDialog title={words.removeTitle} submit={words.remove} isDangerous onSubmit={remove} onClose={close}>
          <p>{words.removeText}</p>
        </FormDialog>
      )}
    </>
  )
}
