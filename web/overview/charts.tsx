import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { Chart, type Points } from '../parts/chart.tsx'
import { Segments } from '../parts/segments.tsx'
import { count } from '../platform/money.ts'
import type { Overview, Series } from './overview-model.ts'
import { texts } from './texts.ts'

/** Charts orders over time: the last 15 minutes, or the last day. */
export function Charts({ overview }: { overview: Overview }) {
  const span = useSignal<'recent' | 'day'>('recent')
  const series = overview[span.value]
  const points = useMemo(() => toPoints(series), [series])
  const sum = series.orders.reduce((total, orders) => total + orders, 0)
  return (
    <section class="card chart-card">
      <div class="card-head">
        <h2>{texts.charts[span.value]}</h2>
        <Segments
          legend={texts.span}
          name="span"
          options={['recent', 'day']}
          chosen={span.value}
          choose={name => {
            span.value = name
          }}
          label={name => texts.spans[name]}
        />
      </div>
      <Chart points={points} unit={texts.series} label={texts.chartLabel(texts.spans[span.value], count(sum))} />
    </section>
  )
}

function toPoints({ from, seconds, orders }: Series): Points {
  const first = Date.parse(from) / 1000
  return [orders.map((_, index) => first + index * seconds), [...orders]]
}
