import { count } from '../platform/money.ts'
import { duration } from '../platform/time.ts'
import { systemTexts as words } from '../texts/system.ts'
import type { System } from './system.ts'

/** Up to this a reader counts as up to date: it looks that often. */
const currentSeconds = 1

/** How far the readers of the log and of Kafka are behind. */
export function Lags({ system: { lags, dependencies } }: { system: System }) {
  const hasKafka = dependencies.kafka?.state !== 'off'
  const missing = hasKafka ? words.unknown : words.noKafka
  return (
    <section class="card" aria-labelledby="lags-title">
      <h2 id="lags-title">{words.lags}</h2>
      <dl class="pairs lags">
        <dt>{words.consumer}</dt>
        <dd>{lags.consumer_messages === null ? missing : count(lags.consumer_messages)}</dd>
        <dt>{words.relay}</dt>
        <dd>{lags.relay_seconds === null ? missing : behind(lags.relay_seconds)}</dd>
        <dt>{words.webhooks}</dt>
        <dd>{behind(lags.webhooks_seconds)}</dd>
        <Held lags={lags} />
      </dl>
    </section>
  )
}

/** What keeps events from every reader; nothing as long as nothing does. */
function Held({ lags: { log_seconds: seconds, log_held_by: holder } }: Pick<System, 'lags'>) {
  if (!seconds || seconds <= currentSeconds) return null
  return (
    <>
      <dt>{words.log}</dt>
      <dd>{duration(seconds)}</dd>
      {holder && (
        <>
          <dt>{words.logHeldBy}</dt>
          <dd>{words.holder(holder)}</dd>
        </>
      )}
    </>
  )
}

function behind(seconds: number | null): string {
  if (seconds === null) return words.unknown
  return seconds <= currentSeconds ? words.upToDate : duration(seconds)
}
