import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { useFreshList } from '../parts/fresh.ts'
import { SecretDialog } from '../parts/secret-dialog.tsx'
import { Empty, Failure, Skeleton } from '../parts/states.tsx'
import { Time } from '../parts/time.tsx'
import { ask } from '../platform/api.ts'
import { PagedList } from '../platform/paged.ts'
import { PageHead } from '../shell/page.tsx'
import { webhookAddress } from './addresses.ts'
import { texts } from './texts.ts'
import { tones, type Webhook, type WebhookWithSecret } from './webhook.ts'
import { type WebhookFields, WebhookForm } from './webhook-form.tsx'

const refreshEveryMs = 3_000

/** The list of webhooks. */
export default function WebhooksPage() {
  const list = useMemo(() => new PagedList<Webhook>('/api/webhooks'), [])
  const isAsked = useSignal(false)
  useFreshList(list, refreshEveryMs)
  const open = () => {
    isAsked.value = true
  }
  const rows = list.rows.value
  const failure = list.failure.value
  return (
    <>
      <PageHead title={texts.title}>
        {rows !== undefined && rows.length > 0 && (
          <button type="button" onClick={open}>
            {texts.create}
          </button>
        )}
      </PageHead>
      {failure !== undefined && <Failure error={failure} retry={() => void list.renew()} />}
      {rows === undefined && failure === undefined && (
        <div class="card">
          <Skeleton lines={5} />
        </div>
      )}
      {rows?.length === 0 && (
        <Empty title={texts.none}>
          <p>{texts.noneHint}</p>
          <button type="button" onClick={open}>
            {texts.create}
          </button>
          <p class="faint">{texts.docs}</p>
        </Empty>
      )}
      {rows !== undefined && rows.length > 0 && <Rows webhooks={rows} />}
      {isAsked.value && <NewWebhook list={list} close={() => (isAsked.value = false)} />}
    </>
  )
}

/** Asks for a new webhook, shows its secret once, and then leads to its page. */
function NewWebhook({ list, close }: { list: PagedList<Webhook>; close: () => void }) {
  const { route } = useLocation()
  const made = useSignal<WebhookWithSecret | undefined>(undefined)
  const save = async (fields: WebhookFields) => {
    made.value = await ask<WebhookWithSecret>('/api/webhooks', { method: 'POST', body: fields })
    await list.renew()
  }
  if (made.value === undefined) return <WebhookForm save={save} close={close} />
  const { id, secret } = made.value
  const onDone = () => {
    close()
    route(webhookAddress(id))
  }
  return <SecretDialog title={texts.secretTitle} secret={secret} note={texts.secretNote} onDone={onDone} />
}

function Rows({ webhooks }: { webhooks: readonly Webhook[] }) {
  return (
    <table class="rows webhooks">
      <thead>
        <tr>
          <th scope="col">{texts.columns.receiver}</th>
          <th scope="col">{texts.columns.events}</th>
          <th scope="col" class="state">
            {texts.columns.state}
          </th>
        </tr>
      </thead>
      <tbody>
        {webhooks.map(webhook => (
          <tr key={webhook.id}>
            <td class="what">
              <a href={webhookAddress(webhook.id)} data-row>
                {webhook.url}
              </a>
              {webhook.description !== '' && <span class="faint">{webhook.description}</span>}
            </td>
            <td class="types">
              <EventTypes of={webhook} />
            </td>
            <td class="state">
              <WebhookStatus webhook={webhook} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function WebhookStatus({ webhook: { status, failing_since: since, disabled } }: { webhook: Webhook }) {
  const at = status === 'disabled' ? disabled?.at : since
  return (
    <>
      <span class={`tag tone-${tones[status]}`}>{texts.statuses[status]}</span>{' '}
      {at != null && (
        <span class="faint">
          <Time at={at} />
        </span>
      )}
    </>
  )
}

function EventTypes({ of: { event_types: types } }: { of: Webhook }) {
  return (
    <>
      {types.map(type => (
        <span key={type} class="tag">
          {type === '*' ? texts.everything : type}
        </span>
      ))}
    </>
  )
}
