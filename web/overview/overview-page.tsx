import { useEffect, useMemo } from 'preact/hooks'
import { SendButton } from '../parts/send-button.tsx'
import { Failure, Skeleton } from '../parts/states.tsx'
import { PageHead } from '../shell/page.tsx'
import { Charts } from './charts.tsx'
import { FirstOrder } from './first-order.tsx'
import { Funnel } from './funnel.tsx'
import { LatestOrders } from './latest-orders.tsx'
import { OverviewModel } from './overview-model.ts'
import { texts } from './texts.ts'
import { Tiles } from './tiles.tsx'

/** The overview page: what arrives, its value, and its status. */
export default function OverviewPage() {
  const model = useMemo(() => new OverviewModel(), [])
  useEffect(() => {
    const stop = new AbortController()
    void model.run(stop.signal)
    return () => stop.abort()
  }, [model])
  const overview = model.overview.value
  const failure = model.failure.value
  const isEmpty =
    overview !== undefined &&
    model.latest.value.length === 0 &&
    Object.values(overview.statuses).every(orders => orders === 0)
  return (
    <>
      <PageHead title={texts.title}>{overview !== undefined && !isEmpty && <SendButton />}</PageHead>
      {failure !== undefined && <Failure error={failure} retry={() => void model.reload()} />}
      {overview === undefined && failure === undefined && <Loading />}
      {isEmpty && <FirstOrder />}
      {overview !== undefined && !isEmpty && (
        <div class="overview">
          <Tiles model={model} overview={overview} />
          <Charts overview={overview} />
          <Funnel statuses={overview.statuses} />
          <LatestOrders model={model} />
        </div>
      )}
    </>
  )
}

function Loading() {
  return (
    <div class="overview">
      <div class="tiles">
        {texts.tiles.map(tile => (
          <div key={tile} class="card tile">
            <Skeleton lines={3} />
          </div>
        ))}
      </div>
      <div class="card chart-card">
        <Skeleton lines={6} />
      </div>
      <div class="card">
        <Skeleton lines={6} />
      </div>
    </div>
  )
}
