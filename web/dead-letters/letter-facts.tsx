import { Time } from '../parts/time.tsx'
import { orderAddress } from '../routes.ts'
import { letterTexts as words } from '../texts/dead-letters.ts'
import { type Attempt, tones, type WholeLetter } from './letter.ts'

/** Where the message came from, and with what. */
export function LetterFacts({ letter }: { letter: WholeLetter }) {
  const { topic, partition, offset, key, headers, message_time: sent, recorded_at: recorded } = letter
  return (
    <section class="card" aria-labelledby="facts-title">
      <h2 id="facts-title">{words.facts}</h2>
      <dl class="pairs">
        <dt>{words.topic}</dt>
        <dd>{topic}</dd>
        <dt>{words.partition}</dt>
        <dd>{partition}</dd>
        <dt>{words.offset}</dt>
        <dd>{offset}</dd>
        <dt>{words.key}</dt>
        <dd>{key === null ? words.noKey : <code>{decode(key)}</code>}</dd>
        {sent !== null && (
          <>
            <dt>{words.sent}</dt>
            <dd>
              <Time at={sent} isAbsolute />
            </dd>
          </>
        )}
        <dt>{words.recorded}</dt>
        <dd>
          <Time at={recorded} isAbsolute />
        </dd>
      </dl>
      {headers.length > 0 && (
        <details>
          <summary>{words.headers}</summary>
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

/** What was tried with it, newest first. */
export function LetterHistory({ letter: { history } }: { letter: WholeLetter }) {
  return (
    <section class="card" aria-labelledby="history-title">
      <h2 id="history-title">{words.history}</h2>
      {history.length === 0 && <p class="faint">{words.nothingTried}</p>}
      <ol class="attempts" reversed>
        {history.map(entry => (
          <li key={entry.attempt}>
            <p class="attempt-head">
              <span class={`tag tone-${tones[entry.outcome]}`}>{words.outcomes[entry.outcome]}</span>
              <span class="faint">{words.by(entry.actor)}</span>
              <span class="faint">
                <Time at={entry.recorded_at} />
              </span>
            </p>
            {entry.reason !== '' && <p class="reason">{entry.reason}</p>}
            <Came entry={entry} />
            {entry.edited_text !== null && (
              <details>
                <summary>{words.editedAs}</summary>
                <textarea class="edition" aria-label={words.editedAs} rows={10} readOnly value={entry.edited_text} />
              </details>
            )}
          </li>
        ))}
      </ol>
    </section>
  )
}

function Came({ entry: { order_uid: uid, code, detail } }: { entry: Attempt }) {
  if (uid !== null) return <a href={orderAddress(uid)}>{uid}</a>
  if (code === null) return null
  return (
    <p>
      <span class="code">{code}</span> {detail}
    </p>
  )
}

/** Bytes as text where they are one, and otherwise in base64, as they are given. */
function decode(base64: string): string {
  try {
    const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0))
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return base64
  }
}
