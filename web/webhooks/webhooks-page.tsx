import { useSignal } from '@preact/signals'
import { useCallback, useEffect, useMemo } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { usePolling } from '../parts/polling.ts'
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
  const location = useLocation()
  const list = useMemo(() => new PagedList<Webhook>('/api/webhooks'), [])
  const isAsked = useSignal(false)
  const made = useSignal<WebhookWithSecret | undefined>(undefined)
  useEffect(() => void list.renew(), [list])
  usePolling(
    useCallback(() => list.refresh(), [list]),
    refreshEveryMs,
  )
  const open = () => {
    isAsked.value = true
  }
  const close = () => {
    isAsked.value = false
  }
  const save = async (fields: WebhookFields) => {
    made.value = await ask<WebhookWithSecret>('/api/webhooks', { method: 'POST', body: fields })
    close()
    await list.renew()
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
      {isAsked.value && <WebhookForm save={save} close={close} />}
      {made.value !== undefined && (
        <SecretDialog
          title={texts.secretTitle}
          secret={made.value.secret}
          note={texts.secretNote}
          onDone={() => {
            const id = made.value?.id ?? ''
            made.value = undefined
            location.route(webhookAddress(id))
          }}
        />
      )}
    </>
  )
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
              <Standing webhook={webhook} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Standing({ webhook: { status, failing_since: since, disabled } }: { webhook: Webhook }) {
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
