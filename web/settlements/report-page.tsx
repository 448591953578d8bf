import { signal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { useLocation, useRoute } from 'preact-iso'
import { request } from '../platform/api.ts'
import { DetailPage } from '../shell/detail-page.tsx'
import { PageHead } from '../shell/page.tsx'
import { reportAddress, reportsAddress } from './addresses.ts'
import { DownloadButton } from './download-button.tsx'
import { type Outcome, outcomes, type ReportWithPayouts, readReport } from './report.ts'
import { Differences } from './report-lines.tsx'
import { Facts, ReportResult, Totals, WrongPayouts } from './report-parts.tsx'
import { texts } from './texts.ts'

/** One reconciliation: what it came to, what differs, and what was in the file. */
export default function ReportPage() {
  const { id = '' } = useRoute().params
  const { query, route } = useLocation()
  const chosen = outcomes.find(outcome => outcome === query.outcome)
  const model = useMemo(() => reportModel(id), [id])
  useEffect(() => {
    scrollTo(0, 0)
    void model.load()
  }, [model])
  const report = model.report.value
  const choose = (outcome: Outcome | undefined) =>
    route(reportAddress(id, outcome === undefined ? {} : { outcome }), true)
  return (
    <DetailPage
      list={{ href: reportsAddress(), title: texts.title }}
      heading={
        <PageHead title={report?.file_name ?? texts.report}>
          {report !== undefined && <DownloadButton id={id} outcome={chosen} />}
        </PageHead>
      }
      model={model}
      unknown={{ title: texts.unknown(id), hint: texts.unknownHint }}
    >
      {report !== undefined && <Content report={report} chosen={chosen} choose={choose} />}
    </DetailPage>
  )
}

function Content(props: Parameters<typeof Differences>[0] & { report: ReportWithPayouts }) {
  const { report } = props
  return (
    <>
      <div class="summary-line">
        <ReportResult report={report} />
      </div>
      <div class="beside">
        <Differences {...props} />
        <div class="stack">
          <WrongPayouts report={report} />
          <Totals report={report} />
          <Facts report={report} />
        </div>
      </div>
    </>
  )
}

function reportModel(id: string) {
  const report = signal<ReportWithPayouts | undefined>(undefined)
  const failure = signal<unknown>(undefined)
  return {
    report,
    failure,
    async load() {
      try {
        report.value = readReport(await (await request(`/api/reconciliations/${encodeURIComponent(id)}`)).text())
        failure.value = undefined
      } catch (error) {
        failure.value = error
      }
    },
  }
}
