import { Time } from '../parts/time.tsx'
import { duration } from '../platform/time.ts'
import { texts } from './texts.ts'
import type { Webhook } from './webhook.ts'

/** The details of a webhook: its events, its lag, and its retry queue. */
export function WebhookFacts({ webhook }: { webhook: Webhook }) {
  const { behind_seconds: behind, parked, failing_since: failingSince, disabled } = webhook
  return (
    <section class="card" aria-labelledby="facts-title">
      <h2 id="facts-title">{texts.facts}</h2>
      <dl class="pairs">
        <dt>{texts.events}</dt>
        <dd class="types">
          {webhook.event_types.map(type => (
            <span key={type} class="tag">
              {type === '*' ? texts.everything : type}
            </span>
          ))}
        </dd>
        {disabled === null && (
          <>
            <dt>{texts.lag}</dt>
            <dd>{behind === null || behind < 1 ? texts.upToDate : duration(behind)}</dd>
          </>
        )}
        <dt>{texts.retryQueue}</dt>
        <dd>{parked === 0 ? texts.retryQueueEmpty : texts.retryQueueEvents(parked)}</dd>
        <When label={texts.failingSince} at={failingSince} />
        <When label={texts.positionKept} at={disabled?.place_kept_until ?? null} />
        <When label={texts.oldSecret} at={webhook.previous_secret_valid_until} />
        <When label={texts.created} at={webhook.created_at} />
        <When label={texts.changed} at={webhook.updated_at} />
      </dl>
      {disabled !== null && disabled.place_kept_until === null && <p class="faint">{texts.positionGone}</p>}
    </section>
  )
}

function When({ label, at }: { label: string; at: string | null }) {
  if (at === null) return null
  return (
    <>
      <dt>{label}</dt>
      <dd>
        <Time at={at} />
      </dd>
    </>
  )
}
