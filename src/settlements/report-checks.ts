import type { Check } from '../platform/integrity.ts'
import { results } from './settlement.ts'

const differing = results.filter(result => result !== 'matched')
const counted = differing.map(result => `count(*) filter (where outcome = '${result}') as ${result}`).join(', ')
const kept = differing.map(result => `coalesce(l.${result}, 0)`).join(', ')
const said = differing.map(result => `r.${result}`)

/** What must hold of reports of reconciliations. */
export const reportChecks: readonly Check[] = [
  {
    name: 'settlement-reports',
    sentence: 'a reconciliation has the lines that it counts: those of its file, and the differences that are kept',
    sql: `select r.report_id
            from settlement_reports r
            left join (select report_id, count(*) as kept, max(number) as last, ${counted}
                         from settlement_report_lines group by report_id) l using (report_id)
           where coalesce(l.kept, 0) + r.lines_left_out <> ${said.join(' + ')}
              or coalesce(l.last, 0) <> coalesce(l.kept, 0)
              or r.lines_left_out = 0 and (${kept}) is distinct from (${said.join(', ')})
              or r.lines <> r.other_lines + r.matched + ${said.filter(name => name !== 'r.missing_there').join(' + ')}`,
  },
]
