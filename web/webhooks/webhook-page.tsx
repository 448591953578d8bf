import { useCallback, useEffect, useMemo } from 'preact/hooks'
import { useRoute } from 'preact-iso'
import { Icon } from '../parts/icon.tsx'
import { usePolling } from '../parts/polling.ts'
import { Empty, Failure, Skeleton } from '../parts/states.tsx'
import { Refusal } from '../platform/api.ts'
import { PageHead } from '../shell/page.tsx'
import { webhooksAddress } from './addresses.ts'
import { Deliveries } from './deliveries.tsx'
import { texts } from './texts.ts'
import { tones, type Webhook } from './webhook.ts'
import { WebhookActions } from './webhook-actions.tsx'
import { WebhookFacts } from './webhook-facts.tsx'
import { WebhookModel } from './webhook-model.ts'

const refreshEveryMs = 3_000

/** One webhook: its status, its deliveries, and its actions. */
export default function WebhookPage() {
  const { id = '' } = useRoute().params
  const model = useMemo(() => new WebhookModel(id), [id])
  useEffect(() => {
    scrollTo(0, 0)
    void model.load()
  }, [model])
  usePolling(
    useCallback(() => model.load(), [model]),
    refreshEveryMs,
  )
  const failure = model.failure.value
  const isUnknown = failure instanceof Refusal && failure.status === 404
  const webhook = isUnknown ? undefined : model.webhook.value
  return (
    <>
      <a class="back" href={webhooksAddress()}>
        <Icon name="left" />
        {texts.title}
      </a>
      <PageHead title={webhook?.url ?? texts.title}>
        {webhook !== undefined && <WebhookActions model={model} webhook={webhook} />}
      </PageHead>
      {isUnknown && (
        <Empty title={texts.unknown(id)}>
          <p>{texts.unknownHint}</p>
        </Empty>
      )}
      {failure !== undefined && !isUnknown && <Failure error={failure} retry={() => void model.load()} />}
      {model.webhook.value === undefined && failure === undefined && (
        <div class="card">
          <Skeleton lines={8} />
        </div>
      )}
      {webhook !== undefined && <Content webhook={webhook} />}
    </>
  )
}

function Content({ webhook }: { webhook: Webhook }) {
  return (
    <>
      <div class="summary-line">
        <span class={`tag tone-${tones[webhook.status]}`}>{texts.statuses[webhook.status]}</span>
        {webhook.disabled !== null && <span>{texts.reasons[webhook.disabled.reason]}</span>}
        {webhook.description !== '' && <span class="faint">{webhook.description}</span>}
      </div>
      <div class="beside">
        <Deliveries webhookId={webhook.id} />
        <WebhookFacts webhook={webhook} />
      </div>
    </>
  )
}
