import { count } from '../platform/money.ts'
import { duration } from '../platform/time.ts'
import type { System } from './system.ts'
import { texts } from './texts.ts'

/** Up to this lag a reader counts as up to date, since it polls that often. */
const currentSeconds = 1

/** The lags of the consumer and of the log's readers. */
export function Lags({ system: { lags, dependencies } }: { system: System }) {
  const hasKafka = dependencies.kafka?.state !== 'off'
  const missing = hasKafka ? texts.unknown : texts.noKafka
  return (
    <section class="card" aria-labelledby="lags-title">
      <h2 id="lags-title">{texts.lags}</h2>
      <dl class="pairs lags">
        <dt>{texts.consumer}</dt>
        <dd>{lags.consumer_messages === null ? missing : count(lags.consumer_messages)}</dd>
        <dt>{texts.relay}</dt>
        <dd>{lags.relay_seconds === null ? missing : behind(lags.relay_seconds)}</dd>
        <dt>{texts.webhooks}</dt>
        <dd>{behind(lags.webhooks_seconds)}</dd>
        <Held lags={lags} />
      </dl>
    </section>
  )
}

/** The transaction that holds events back from every reader, if there is one. */
function Held({ lags: { log_seconds: seconds, log_held_by: holder } }: Pick<System, 'lags'>) {
  if (!seconds || seconds <= currentSeconds) return null
  return (
    <>
      <dt>{texts.log}</dt>
      <dd>{duration(seconds)}</dd>
      {holder && (
        <>
          <dt>{texts.logHeldBy}</dt>
          <dd>{texts.holder(holder)}</dd>
        </>
      )}
    </>
  )
}

function behind(seconds: number | null): string {
  if (seconds === null) return texts.unknown
  return seconds <= currentSeconds ? texts.upToDate : duration(seconds)
}
