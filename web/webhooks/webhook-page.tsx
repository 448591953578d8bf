import { useMemo } from 'preact/hooks'
import { useRoute } from 'preact-iso'
import { useFreshModel } from '../parts/fresh.ts'
import { isNotFound } from '../platform/api.ts'
import { DetailPage } from '../shell/detail-page.tsx'
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
  useFreshModel(model, refreshEveryMs)
  const isUnknown = isNotFound(model.failure.value)
  const webhook = isUnknown ? undefined : model.webhook.value
  return (
    <DetailPage
      list={{ href: webhooksAddress(), title: texts.title }}
      heading={
        <PageHead title={webhook?.url ?? texts.title}>
          {webhook !== undefined && <WebhookActions model={model} webhook={webhook} />}
        </PageHead>
      }
      model={model}
      unknown={{ title: texts.unknown(id), hint: texts.unknownHint }}
    >
      {webhook !== undefined && <Content webhook={webhook} />}
    </DetailPage>
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
