import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { ListContent } from '../parts/list-content.tsx'
import { useFreshList } from '../parts/fresh.ts'
import { Segments } from '../parts/segments.tsx'
import { commonTexts } from '../parts/texts.ts'
import { PagedList } from '../platform/paged.ts'
import { PageHead } from '../shell/page.tsx'
import { issuesAddress } from './addresses.ts'
import { type Issue, type IssueFilter, issueKinds, issueStates, readIssueFilter, toIssueParameters } from './issue.ts'
import { IssueRows } from './issue-rows.tsx'
import { issueTexts } from './issue-texts.ts'
import { ResolveDialog } from './resolve-dialog.tsx'
import { texts } from './texts.ts'

const refreshEveryMs = 3_000
const pageSize = 50

/** What about money is left for people: a list of work. */
export default function IssuesPage() {
  const location = useLocation()
  const filter = readIssueFilter(location.query)
  const query = new URLSearchParams({ ...toIssueParameters(filter, 'all'), limit: String(pageSize) }).toString()
  const list = useMemo(() => new PagedList<Issue>(`/api/payment-issues?${query}`), [query])
  useFreshList(list, refreshEveryMs)
  const asked = useSignal<Issue | undefined>(undefined)
  const change = (to: Partial<IssueFilter>) =>
    location.route(issuesAddress(toIssueParameters({ ...filter, ...to }, 'open')), true)
  const isNarrowed = filter.kind.length > 0 || filter.state !== 'open'
  return (
    <>
      <PageHead title={issueTexts.title} />
      <Filters filter={filter} change={change} />
      <ListContent
        list={list}
        none={isNarrowed ? issueTexts.noMatch : issueTexts.none}
        hint={isNarrowed ? undefined : issueTexts.noneHint}
        more={issueTexts.more}
      >
        {rows => <IssueRows issues={rows} resolve={issue => (asked.value = issue)} />}
      </ListContent>
      {asked.value !== undefined && (
        <ResolveDialog
          issue={asked.value}
          refresh={() => list.renew()}
          close={() => {
            asked.value = undefined
          }}
        />
      )}
    </>
  )
}

function Filters({ filter, change }: { filter: IssueFilter; change: (to: Partial<IssueFilter>) => void }) {
  return (
    <section class="filters" aria-label={commonTexts.filters}>
      <div class="filter-row">
        <Segments
          legend={issueTexts.state}
          name="state"
          options={issueStates}
          chosen={filter.state}
          choose={state => change({ state })}
          label={state => issueTexts.states[state]}
        />
      </div>
      <fieldset class="chips">
        <legend class="hidden">{issueTexts.kind}</legend>
        {issueKinds.map(kind => (
          <label key={kind} class="chip">
            <input
              type="checkbox"
              checked={filter.kind.includes(kind)}
              onChange={() =>
                change({
                  kind: issueKinds.filter(other => filter.kind.includes(other) !== (other === kind)),
                })
              }
            />
            <span>{texts.issueKinds[kind]}</span>
          </label>
        ))}
      </fieldset>
    </section>
  )
}
