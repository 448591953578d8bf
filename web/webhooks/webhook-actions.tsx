import { useSignal } from '@preact/signals'
import { useLocation } from 'preact-iso'
import { SecretDialog } from '../parts/secret-dialog.tsx'
import { Refusal } from '../platform/api.ts'
import { notify } from '../platform/notices.ts'
import { webhooksAddress } from './addresses.ts'
import { texts } from './texts.ts'
import type { Webhook } from './webhook.ts'
import { DisableDialog, RemoveDialog, RotateDialog } from './webhook-dialogs.tsx'
import { type WebhookFields, WebhookForm } from './webhook-form.tsx'
import type { WebhookModel } from './webhook-model.ts'

type Action = 'edit' | 'rotate' | 'disable' | 'remove'
type Props = { model: WebhookModel; webhook: Webhook }

/** The actions of a webhook, each with a confirmation. */
export function WebhookActions({ model, webhook }: Props) {
  const asked = useSignal<Action | undefined>(undefined)
  const question = (action: Action) => () => {
    asked.value = action
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
        <button type="button" onClick={() => enable(model)}>
          {texts.enable}
        </button>
      )}
      <Confirmation model={model} webhook={webhook} action={asked.value} close={() => (asked.value = undefined)} />
    </>
  )
}

async function enable(model: WebhookModel): Promise<void> {
  try {
    await model.enable()
    notify({ tone: 'good', text: texts.enabled })
  } catch (error) {
    notify({ tone: 'bad', text: error instanceof Refusal ? `${error.message}: ${error.detail}` : String(error) })
  }
}

type ConfirmationProps = Props & { action: Action | undefined; close: () => void }

/** The dialog of an action, which carries it out; after a rotation, the new secret. */
function Confirmation({ model, webhook, action, close }: ConfirmationProps) {
  const { route } = useLocation()
  const secret = useSignal<string | undefined>(undefined)
  const change = async (fields: WebhookFields) => {
    await model.change(fields)
    notify({ tone: 'good', text: texts.saved })
    close()
  }
  const rotate = async (seconds: number) => {
    secret.value = await model.rotate(seconds)
    close()
  }
  const disable = async () => {
    await model.disable()
    close()
  }
  const remove = async () => {
    await model.remove()
    close()
    notify({ tone: 'good', text: texts.removed })
    route(webhooksAddress())
  }
  return (
    <>
      {action === 'edit' && <WebhookForm webhook={webhook} save={change} close={close} />}
      {action === 'rotate' && <RotateDialog rotate={rotate} close={close} />}
      {action === 'disable' && <DisableDialog disable={disable} close={close} />}
      {action === 'remove' && <RemoveDialog remove={remove} close={close} />}
      {secret.value !== undefined && (
        <SecretDialog
          title={texts.secretTitle}
          secret={secret.value}
          note={texts.secretNote}
          onDone={() => (secret.value = undefined)}
        />
      )}
    </>
  )
}
