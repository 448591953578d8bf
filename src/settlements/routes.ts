import { AppError } from '../errors.ts'
import { typeFor } from '../platform/accept.ts'
import { BytesResponse } from '../platform/bytes-response.ts'
import type { Call, Route } from '../platform/http.ts'
import { linesResponse } from '../platform/lines-response.ts'
import { linkToNext } from '../platform/links.ts'
import type { Logger } from '../platform/log.ts'
import type { Pool } from '../platform/postgres.ts'
import { encodeTimedCursor } from '../platform/timed-cursor.ts'
import { csvHeading, csvRow } from './report-csv.ts'
import { reportOperations } from './report-operations.ts'
import { listReportLines, listReports, readReport, type StoredReport, type StoredReportLine } from './report-queries.ts'
import { type ReportLinesQuery, readReportLinesQuery, readReportListQuery } from './report-requests.ts'
import { reportJson, reportLineJson } from './report-views.ts'

type Options = Readonly<{ single: Pool; lists: Pool; log: Logger }>

/** Reports of reconciliations over HTTP. */
export function reportRoutes(options: Options): Route[] {
  const get = { method: 'GET', scope: 'payments:write' } as const
  const path = '/api/reconciliations'
  return [
    { ...get, path, operation: reportOperations.list, handle: call => list(call, options) },
    { ...get, path: `${path}/:id`, operation: reportOperations.get, handle: call => show(call, options) },
    { ...get, path: `${path}/:id/lines`, operation: reportOperations.lines, handle: call => lines(call, options) },
  ]
}

async function list({ request: { url } }: Call, { lists }: Options): Promise<Response> {
  const { provider, after, limit } = readReportListQuery(new URL(url).searchParams)
  // One more than asked for tells whether there is a next page.
  const found = await listReports(lists, provider, after, limit + 1)
  const page = found.slice(0, limit)
  const last = found.length > limit ? page.at(-1) : undefined
  const body = `[${page.map(report => reportJson(report, false)).join(',')}]`
  return jsonOf(
    body,
    last === undefined
      ? {}
      : { link: linkToNext(url, encodeTimedCursor({ atMs: Date.parse(last.finished_at), id: last.id })) },
  )
}

async function show(call: Call, { single }: Options): Promise<Response> {
  return jsonOf(reportJson(await reportOf(call, single), true))
}

function jsonOf(body: string, headers: Record<string, string> = {}): Response {
  return new BytesResponse(Buffer.from(body), { 'content-type': 'application/json', ...headers })
}

/** @throws AppError RECONCILIATION_NOT_FOUND */
async function reportOf({ params: { id = '' } }: Call, pool: Pool): Promise<StoredReport> {
  const report = /^[\w-]{1,64}$/.test(id) ? await readReport(pool, id) : undefined
  if (report === undefined) throw new AppError('RECONCILIATION_NOT_FOUND', `no reconciliation is stored under ${id}`)
  return report
}

async function lines(call: Call, { single, lists, log }: Options): Promise<Response> {
  const { request } = call
  const type = typeFor(request, ['application/json', 'application/x-ndjson', 'text/csv'])
  const query = readReportLinesQuery(new URL(request.url).searchParams, type !== 'application/json')
  const { id } = await reportOf(call, single)
  if (type === 'application/json') {
    const found = await listReportLines(lists, id, query.outcomes, query.after, query.limit + 1)
    const page = found.slice(0, query.limit)
    const last = found.length > query.limit ? page.at(-1) : undefined
    const link = last === undefined ? {} : { link: linkToNext(request.url, String(last.number)) }
    return jsonOf(`[${page.map(reportLineJson).join(',')}]`, { vary: 'accept', ...link })
  }
  const pages = everyPage(lists, id, query)
  const response = type === 'text/csv' ? await csvResponse(id, pages) : await ndjsonResponse(pages, log)
  response.headers.set('vary', 'accept')
  return response
}

/** Lines that a page of a stream holds. */
const streamPageSize = 1_000

async function* everyPage(pool: Pool, id: string, { outcomes, after }: ReportLinesQuery) {
  for (let last = after; ; ) {
    const page = await listReportLines(pool, id, outcomes, last, streamPageSize)
    const end = page.at(-1)
    if (end === undefined) return
    yield page
    if (page.length < streamPageSize) return
    last = end.number
  }
}

type Pages = AsyncGenerator<StoredReportLine[]>

function ndjsonResponse(pages: Pages, log: Logger): Promise<Response> {
  const sums = { count: 0 }
  async function* chunks() {
    for await (const page of pages) {
      sums.count += page.length
      yield Buffer.from(`${page.map(reportLineJson).join('\n')}\n`)
    }
  }
  return linesResponse({ lines: chunks(), sums: () => sums, log })
}

/** The head waits for the first page, so that an error gets its own status; one that comes later cuts the body off. */
async function csvResponse(id: string, pages: Pages): Promise<Response> {
  const textOf = (page: readonly StoredReportLine[]) =>
    Buffer.from(page.map(line => csvRow(line.outcome, line)).join(''))
  let first: IteratorResult<StoredReportLine[]> | undefined = await pages.next()
  const body = new ReadableStream<Uint8Array>(
    {
      start: controller => controller.enqueue(Buffer.from(csvHeading)),
      async pull(controller) {
        const { done, value } = first ?? (await pages.next())
        first = undefined
        if (done) controller.close()
        else controller.enqueue(textOf(value))
      },
      async cancel() {
        await pages.return(undefined)
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
  )
  return new Response(body, {
    headers: {
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': `attachment; filename="reconciliation-${id}.csv"`,
    },
  })
}
