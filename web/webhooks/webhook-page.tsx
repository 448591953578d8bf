import { useSignal } from '@preact/signals'
import { useCallback, useEffect } from 'preact/hooks'
import { useLocation, useRoute } from 'preact-iso'
import { Icon } from '../parts/icon.tsx'
import { usePolling } from '../parts/polling.ts'
import { SecretDialog } from '../parts/secret-dialog.tsx'
import { Empty, Failure, Skeleton } from '../parts/states.tsx'
import { ask, Refusal } from '../platform/api.ts'
import { notify } from '../platform/notices.ts'
import { PageHead } from '../shell/page.tsx'
import { webhooksAddress } from './addresses.ts'
import { Deliveries } from './deliveries.tsx'
import { texts } from './texts.ts'
import { tones, type Webhook } from './webhook.ts'
import { WebhookActions } from './webhook-actions.tsx'
import { WebhookFacts } from './webhook-facts.tsx'

const refreshEveryMs = 3_000

/** One webhook: its status, its deliveries, and its actions. */
export default function WebhookPage() {
  const { id = '' } = useRoute().params
  const { route } = useLocation()
  const webhook = useSignal<Webhook | undefined>(undefined)
  const failure = useSignal<unknown>(undefined)
  const secret = useSignal<string | undefined>(undefined)
  const load = useCallback(async () => {
    try {
      webhook.value = await ask<Webhook>(`/api/webhooks/${encodeURIComponent(id)}`)
      failure.value = undefined
    } catch (error) {
      failure.value = error
    }
  }, [id, webhook, failure])
  useEffect(() => {
    scrollTo(0, 0)
    webhook.value = undefined
    void load()
  }, [load, webhook])
  usePolling(load, refreshEveryMs)
  const isUnknown = failure.value instanceof Refusal && failure.value.status === 404
  const shown = isUnknown ? undefined : webhook.value
  return (
    <>
      <a class="back" href={webhooksAddress()}>
        <Icon name="left" />
        {texts.title}
      </a>
      <PageHead title={shown?.url ?? texts.title}>
        {shown !== undefined && (
          <WebhookActions
            webhook={shown}
            onChanged={changed => {
              webhook.value = changed
            }}
            onSecret={made => {
              secret.value = made
            }}
            onRemoved={() => {
              notify({ tone: 'good', text: texts.removed })
              route(webhooksAddress())
            }}
          />
        )}
      </PageHead>
      {isUnknown && (
        <Empty title={texts.unknown(id)}>
          <p>{texts.unknownHint}</p>
        </Empty>
      )}
      {failure.value !== undefined && !isUnknown && <Failure error={failure.value} retry={() => void load()} />}
      {webhook.value === undefined && failure.value === undefined && (
        <div class="card">
          <Skeleton lines={8} />
        </div>
      )}
      {shown !== undefined && (
        <>
          <div class="summary-line">
            <span class={`tag tone-${tones[shown.status]}`}>{texts.statuses[shown.status]}</span>
            {shown.disabled !== null && <span>{texts.reasons[shown.disabled.reason]}</span>}
            {shown.description !== '' && <span class="faint">{shown.description}</span>}
          </div>
          <div class="beside">
            <Deliveries webhookId={shown.id} />
            <WebhookFacts webhook={shown} />
          </div>
        </>
      )}
      {secret.value !== undefined && (
        <SecretDialog
          title={texts.secretTitle}
          secret={secret.value}
          note={texts.secretNote}
          onDone={() => {
            secret.value = undefined
          }}
        />
      )}
    </>
  )
}
