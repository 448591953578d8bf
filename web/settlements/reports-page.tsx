import { useMemo } from 'preact/hooks'
import { ListContent } from '../parts/list-content.tsx'
import { useFreshList } from '../parts/fresh.ts'
import { Time } from '../parts/time.tsx'
import { count } from '../platform/money.ts'
import { PagedList } from '../platform/paged.ts'
import { PageHead } from '../shell/page.tsx'
import { reportAddress } from './addresses.ts'
import { type Report, readReports } from './report.ts'
import { ReportResult } from './report-parts.tsx'
import { texts } from './texts.ts'

const refreshEveryMs = 5_000
const pageSize = 50

/** What reconciling settlement files came to, newest first. */
export default function ReportsPage() {
  const list = useMemo(() => new PagedList<Report>(`/api/reconciliations?limit=${pageSize}`, readReports), [])
  useFreshList(list, refreshEveryMs)
  return (
    <>
      <PageHead title={texts.title} />
      <ListContent
        list={list}
        none={texts.none}
        hint={
          <>
            <p>{texts.noneHint}</p>
            <p>
              <code>{texts.command}</code>
            </p>
          </>
        }
        more={texts.more}
      >
        {rows => <Rows reports={rows} />}
      </ListContent>
    </>
  )
}

function Rows({ reports }: { reports: readonly Report[] }) {
  const { columns } = texts
  return (
    <table class="rows reports">
      <thead>
        <tr>
          <th scope="col">{columns.file}</th>
          <th scope="col" class="result">
            {columns.result}
          </th>
          <th scope="col" class="amount">
            {columns.lines}
          </th>
          <th scope="col" class="when">
            {columns.when}
          </th>
        </tr>
      </thead>
      <tbody>
        {reports.map(report => (
          <tr key={report.id}>
            <td class="what">
              <a href={reportAddress(report.id)} data-row>
                {report.file_name} <span class="faint">{texts.of(report.provider, report.format)}</span>
              </a>
            </td>
            <td class="result">
              <ReportResult report={report} />
            </td>
            <td class="amount" data-label={columns.lines}>
              {count(Number(report.lines))}
            </td>
            <td class="when">
              <Time at={report.finished_at} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
