import { orderAddress } from '../orders/addresses.ts'
import { Time } from '../parts/time.tsx'
import { type DeadLetterAttempt, type DeadLetterDetail, tones } from './dead-letter.ts'
import { texts } from './texts.ts'

/** The source of the message, and its headers. */
export function DeadLetterSource({ deadLetter }: { deadLetter: DeadLetterDetail }) {
  const { topic, partition, offset, key, headers, message_time: sent, recorded_at: recorded } = deadLetter
  return (
    <section class="card" aria-labelledby="facts-title">
      <h2 id="facts-title">{texts.source}</h2>
      <dl class="pairs">
        <dt>{texts.topic}</dt>
        <dd>{topic}</dd>
        <dt>{texts.partition}</dt>
        <dd>{partition}</dd>
        <dt>{texts.offset}</dt>
        <dd>{offset}</dd>
        <dt>{texts.key}</dt>
        <dd>{key === null ? texts.noKey : <code>{decode(key)}</code>}</dd>
        {sent !== null && (
          <>
            <dt>{texts.sent}</dt>
            <dd>
              <Time at={sent} isAbsolute />
            </dd>
          </>
        )}
        <dt>{texts.recorded}</dt>
        <dd>
          <Time at={recorded} isAbsolute />
        </dd>
      </dl>
      {headers.length > 0 && (
        <details>
          <summary>{texts.headers}</summary>
          <dl class="pairs">
            {headers.map(([name, value], index) => [
              <dt key={`${index}-name`}>{name}</dt>,
              <dd key={`${index}-value`}>
                <code>{value === null ? '' : decode(value)}</code>
              </dd>,
            ])}
          </dl>
        </details>
      )}
    </section>
  )
}

/** The attempts, newest first. */
export function DeadLetterAttempts({ deadLetter: { history } }: { deadLetter: DeadLetterDetail }) {
  return (
    <section class="card" aria-labelledby="history-title">
      <h2 id="history-title">{texts.history}</h2>
      {history.length === 0 && <p class="faint">{texts.noAttempts}</p>}
      <ol class="attempts" reversed>
        {history.map(entry => (
          <li key={entry.attempt}>
            <p class="attempt-head">
              <span class={`tag tone-${tones[entry.outcome]}`}>{texts.outcomes[entry.outcome]}</span>
              <span class="faint">{texts.by(entry.actor)}</span>
              <span class="faint">
                <Time at={entry.recorded_at} />
              </span>
            </p>
            {entry.reason !== '' && <p class="reason">{entry.reason}</p>}
            <Came entry={entry} />
            {entry.edited_text !== null && (
              <details>
                <summary>{texts.editedAs}</summary>
                <textarea class="edition" aria-label={texts.editedAs} rows={10} readOnly value={entry.edited_text} />
              </details>
            )}
          </li>
        ))}
      </ol>
    </section>
  )
}

function Came({ entry: { order_uid: uid, code, detail } }: { entry: DeadLetterAttempt }) {
  if (uid !== null) return <a href={orderAddress(uid)}>{uid}</a>
  if (code === null) return null
  return (
    <p>
      <span class="code">{code}</span> {detail}
    </p>
  )
}

/** Decodes base64 to text where it is valid UTF-8, and otherwise returns it as it is. */
function decode(base64: string): string {
  try {
    const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0))
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return base64
  }
}
