import { Time } from '../parts/time.tsx'
import { duration } from '../platform/time.ts'
import { webhookTexts as words } from '../texts/webhooks.ts'
import type { Webhook } from './webhook.ts'

/** How a subscription stands: what it wants, how far it has come, and what waits. */
export function WebhookFacts({ webhook }: { webhook: Webhook }) {
  const { behind_seconds: behind, parked, failing_since: failingSince, disabled } = webhook
  return (
    <section class="card" aria-labelledby="facts-title">
      <h2 id="facts-title">{words.facts}</h2>
      <dl class="pairs">
        <dt>{words.events}</dt>
        <dd class="types">
          {webhook.event_types.map(type => (
            <span key={type} class="tag">
              {type === '*' ? words.everything : type}
            </span>
          ))}
        </dd>
        {disabled === null && (
          <>
            <dt>{words.behind}</dt>
            <dd>{behind === null || behind < 1 ? words.upToDate : duration(behind)}</dd>
          </>
        )}
        <dt>{words.parked}</dt>
        <dd>{parked === 0 ? words.nothingParked : words.parkedEvents(parked)}</dd>
        <When label={words.failingSince} at={failingSince} />
        <When label={words.placeKept} at={disabled?.place_kept_until ?? null} />
        <When label={words.oldSecret} at={webhook.previous_secret_valid_until} />
        <When label={words.made} at={webhook.created_at} />
        <When label={words.changed} at={webhook.updated_at} />
      </dl>
      {disabled !== null && disabled.place_kept_until === null && <p class="faint">{words.placeGone}</p>}
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
