import type { ComponentChildren } from 'preact'
import { count, money } from '../platform/money.ts'
import { duration, timeOfDay } from '../platform/time.ts'
import { routes } from '../routes.ts'
import { texts } from '../texts.ts'
import type { Overview, OverviewModel } from './overview-model.ts'

const sumsShown = 3

/** The figures of the moment and of today. */
export function Tiles({ model, overview }: { model: OverviewModel; overview: Overview }) {
  const { today } = overview
  return (
    <div class="tiles">
      <Tile title={texts.overview.rate} note={texts.overview.rateNote}>
        <Rate model={model} />
      </Tile>
      <Tile title={texts.overview.today} note={texts.overview.since(timeOfDay(Date.parse(today.from)))}>
        {count(today.orders)}
      </Tile>
      <Sums sums={today.sums} />
      <Waiting overview={overview} />
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

/** On its own, so that the figure of each second redraws nothing else. */
function Rate({ model }: { model: OverviewModel }) {
  const rate = model.rate.value
  return <>{rate < 10 && !Number.isInteger(rate) ? rate.toFixed(1) : count(Math.round(rate))}</>
}

function Sums({ sums }: { sums: Overview['today']['sums'] }) {
  const more = sums.length - sumsShown
  return (
    <section class="card tile">
      <h2>{texts.overview.sums}</h2>
      {sums.length === 0 && <p class="figure">–</p>}
      <ul class={sums.length > 1 ? 'sums' : 'sums single'}>
        {sums.slice(0, sumsShown).map(({ currency, amount, orders }) => (
          <li key={currency} title={texts.overview.ordersOf(orders)}>
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
          {texts.overview.moreCurrencies(more)}
        </p>
      )}
      {sums.length <= 1 && <p class="faint">{texts.overview.sumsNote}</p>}
    </section>
  )
}

function Waiting({ overview: { lags, dead_letters: letters } }: { overview: Overview }) {
  const { consumer_messages: messages, relay_seconds: relay } = lags
  const off = texts.overview.noKafka
  return (
    <section class="card tile">
      <h2>{texts.overview.waiting}</h2>
      <dl class="pairs">
        <dt>{texts.overview.consumerLag}</dt>
        <dd>{messages === null ? off : texts.overview.messages(messages)}</dd>
        <dt>{texts.overview.relayLag}</dt>
        <dd>{relay === null ? off : duration(relay)}</dd>
        <dt>
          <a href={routes.deadLetters}>{texts.overview.deadLetters}</a>
        </dt>
        <dd class={letters > 0 ? 'attention' : ''}>{count(letters)}</dd>
      </dl>
    </section>
  )
}
