import { Failure } from '../parts/states.tsx'
import { Time } from '../parts/time.tsx'
import { count } from '../platform/money.ts'
import { State } from './cards.tsx'
import type { Erasure } from './customer.ts'
import type { CustomerModel } from './customer-model.ts'
import { texts } from './texts.ts'

const words = texts.erasures

/** The erasures of a customer: how far each is, and what it cannot reach. Shows nothing where there was none. */
export function Erasures({ model: { erasures } }: { model: CustomerModel }) {
  const shown = erasures.value.value
  const failure = erasures.failure.value
  if (shown === 'not allowed') {
    return (
      <section class="card" aria-labelledby="erasures-title">
        <h2 id="erasures-title">{words.title}</h2>
        <p class="faint">{words.notAllowed}</p>
      </section>
    )
  }
  if (failure === undefined && (shown === undefined || shown.length === 0)) return null
  return (
    <section class="card" aria-labelledby="erasures-title">
      <h2 id="erasures-title">{words.title}</h2>
      {failure !== undefined && <Failure error={failure} retry={() => void erasures.load()} />}
      <ul class="card-entries">
        {shown?.map(erasure => (
          <Entry key={erasure.id} erasure={erasure} />
        ))}
      </ul>
    </section>
  )
}

function Entry({ erasure }: { erasure: Erasure }) {
  const { state, erased, reason, actor, started_at: startedAt, finished_at: finishedAt } = erasure
  return (
    <li>
      <div class="entry-head" role="status">
        <State value={state} />
        <span class="faint">
          <Time at={finishedAt ?? startedAt} />
        </span>
      </div>
      <p>
        {reason !== '' && <span class="reason">{reason}</span>} <span class="faint">{texts.corrections.by(actor)}</span>
      </p>
      <dl class="amounts">
        {Object.entries(erased).map(([name, rows]) => (
          <div key={name}>
            <dt>{name.replaceAll('_', ' ')}</dt>
            <dd class="amount">{count(rows)}</dd>
          </div>
        ))}
      </dl>
      <details>
        <summary>{words.notReached}</summary>
        <ul class="sentences">
          {erasure.not_reached.map(sentence => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      </details>
    </li>
  )
}
