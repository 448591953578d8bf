import { Time } from '../parts/time.tsx'
import { money } from '../platform/money.ts'
import { webAddressOf } from '../platform/web-address.ts'
import { type Operation, type Payment, type PaymentWithOperations, returnedOf, tones } from './payment.ts'
import { texts } from './texts.ts'

/** The state of a payment as a tag, and what has become of its money since. */
export function PaymentState({ payment: { state, amounts } }: { payment: Payment }) {
  const returned = returnedOf(amounts)
  return (
    <>
      <span class={`tag tone-${tones[state]}`}>{texts.states[state]}</span>
      {returned !== undefined && (
        <>
          {' '}
          <span class={`tag tone-${returned === 'disputed' ? 'bad' : 'plain'}`}>{texts.returned[returned]}</span>
        </>
      )}
    </>
  )
}

/** What of a payment has moved and can move, without what is nothing. */
export function Amounts({ payment: { currency, amounts } }: { payment: Payment }) {
  const names = Object.keys(texts.amounts) as (keyof typeof texts.amounts)[]
  const some = names.filter(name => amounts[name] > 0)
  if (some.length === 0) return null
  return (
    <dl class="amounts">
      {some.map(name => (
        <div key={name}>
          <dt>{texts.amounts[name]}</dt>
          <dd class="amount">{money(amounts[name], currency)}</dd>
        </div>
      ))}
    </dl>
  )
}

/** What keeps a payment from going on: the provider's refusal in its words, or a confirmation of the payer. */
export function Attention({ payment }: { payment: PaymentWithOperations }) {
  const { failure, next_action: next, operations } = payment
  const address = next === null ? undefined : webAddressOf(next.url)
  // Usually it is that of the authorization, which stands below.
  const isSaid = operations.some(operation => operation.failure?.message === failure?.message)
  return (
    <>
      {failure !== null && !isSaid && <p class="bad">{texts.failure(failure.message, failure.code)}</p>}
      {next !== null && (
        <p class="warning">
          {texts.nextAction}{' '}
          {address !== undefined && (
            <a href={address} target="_blank" rel="noopener noreferrer">
              {texts.nextActionLink}
            </a>
          )}
        </p>
      )}
    </>
  )
}

/** What was asked of the provider, oldest first. */
export function Operations({ of, currency }: { of: readonly Operation[]; currency: string }) {
  return (
    <ol class="operations" aria-label={texts.operations}>
      {of.map(operation => (
        <li key={operation.id}>
          <span class="operation-kind">{texts.kinds[operation.kind]}</span>
          <span class="amount">{money(operation.amount, currency)}</span>
          <span>
            <span class={`tag tone-${tones[operation.state]}`}>{texts.operationStates[operation.state]}</span>
          </span>
          <span class="when">
            <Time at={operation.settled_at ?? operation.requested_at} />
          </span>
          <OperationNotes operation={operation} />
        </li>
      ))}
    </ol>
  )
}

/** Why it was asked and by whom, and why it was refused. Shows nothing where there is nothing to say. */
function OperationNotes({ operation: { reason, actor, failure, provider_ref: ref } }: { operation: Operation }) {
  const notes = [actor === '' ? '' : texts.by(actor), ref === null ? '' : texts.reference(ref)].filter(Boolean)
  return (
    <div class="operation-notes">
      {reason !== '' && <p class="reason">{reason}</p>}
      {failure !== null && <p class="bad">{texts.failure(failure.message, failure.code)}</p>}
      {notes.length > 0 && <p class="faint">{notes.join(' · ')}</p>}
    </div>
  )
}
