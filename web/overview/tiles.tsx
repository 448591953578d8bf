import type { ComponentChildren } from 'preact'
import { deadLettersAddress } from '../dead-letters/addresses.ts'
import { count, money } from '../platform/money.ts'
import { duration, timeOfDay } from '../platform/time.ts'
import type { Overview, OverviewModel } from './overview-model.ts'
import { texts } from './texts.ts'

const sumsShown = 3

/** Shows the figures of the moment and of today. */
export function Tiles({ model, overview }: { model: OverviewModel; overview: Overview }) {
  const { today } = overview
  return (
    <div class="tiles">
      <Tile title={texts.rate} note={texts.rateNote}>
        <Rate model={model} />
      </Tile>
      <Tile title={texts.today} note={texts.since(timeOfDay(Date.parse(today.from)))}>
        {count(today.orders)}
      </Tile>
      <Sums sums={today.sums} />
      <Backlog overview={overview} />
    </div>
  )
}

function Tile({ title, note, children }: { title: string; note: string; children: ComponentChildren }) {
  return (
    <section class="card tile">
      <h2>{title}</h2>
      <p class="figure">{children}</p>
      <p class="faint">{note}</p>
    </section>
  )
}

/** A component of its own, so that a new rate each second renders nothing else. */
function Rate({ model }: { model: OverviewModel }) {
  const rate = model.rate.value
  return <>{rate < 10 && !Number.isInteger(rate) ? rate.toFixed(1) : count(Math.round(rate))}</>
}

function Sums({ sums }: { sums: Overview['today']['sums'] }) {
  const more = sums.length - sumsShown
  return (
    <section class="card tile">
      <h2>{texts.sales}</h2>
      {sums.length === 0 && <p class="figure">–</p>}
      <ul class={sums.length > 1 ? 'sums' : 'sums single'}>
        {sums.slice(0, sumsShown).map(({ currency, amount, orders }) => (
          <li key={currency} title={texts.ordersOf(orders)}>
            {money(amount, currency)}
          </li>
        ))}
      </ul>
      {more > 0 && (
        <p
          class="faint"
          title={sums
            .slice(sumsShown)
            .map(sum => money(sum.amount, sum.currency))
            .join(', ')}
        >
          {texts.moreCurrencies(more)}
        </p>
      )}
      {sums.length <= 1 && <p class="faint">{texts.salesNote}</p>}
    </section>
  )
}

function Backlog({ overview: { lags, dead_letters: deadLetters } }: { overview: Overview }) {
  const { consumer_messages: messages, relay_seconds: relay } = lags
  const off = texts.noKafka
  return (
    <section class="card tile">
      <h2>{texts.backlog}</h2>
      <dl class="pairs">
        <dt>{texts.consumerLag}</dt>
        <dd>{messages === null ? off : texts.messages(messages)}</dd>
        <dt>{texts.relayLag}</dt>
        <dd>{relay === null ? off : duration(relay)}</dd>
        <dt>
          <a href={deadLettersAddress()}>{texts.deadLetters}</a>
        </dt>
        <dd class={deadLetters > 0 ? 'attention' : ''}>{count(deadLetters)}</dd>
      </dl>
    </section>
  )
}
