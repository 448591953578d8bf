import type { ComponentChildren } from 'preact'
import { isNotFound } from '../platform/api.ts'
import type { PagedList } from '../platform/paged.ts'
import { MoreButton } from './more-button.tsx'
import { Empty, Failure, Skeleton } from './states.tsx'
import { commonTexts } from './texts.ts'

type Props<Row extends { id: string }> = {
  list: PagedList<Row>
  /** Why something could not be read that belongs to the entries. */
  failure?: unknown
  /** How many lines are drawn while the entries are read. */
  lines?: number
  /** Whether the address may be that of a single entry, which need not exist. */
  mayBeMissing?: boolean
  /** What is said of a list without entries. */
  none: string
  hint?: ComponentChildren
  /** Removes what narrows the list. */
  clear?: (() => void) | undefined
  /** The label of the button for the next page. */
  more: string
  children: (rows: readonly Row[]) => ComponentChildren
}

/** The entries of a list, or why there are none: they are being read, could not be read, or do not exist. */
export function ListContent<Row extends { id: string }>({ list, lines = 6, ...props }: Props<Row>) {
  const rows = list.rows.value
  const failure = list.failure.value ?? props.failure
  const isMissing = props.mayBeMissing === true && isNotFound(failure)
  return (
    <>
      {failure !== undefined && !isMissing && <Failure error={failure} retry={() => void list.renew()} />}
      {rows === undefined && failure === undefined && (
        <div class="card">
          <Skeleton lines={lines} />
        </div>
      )}
      {(rows?.length === 0 || isMissing) && <None {...props} />}
      {rows !== undefined && rows.length > 0 && !isMissing && (
        <>
          {props.children(rows)}
          <MoreButton list={list} label={props.more} />
        </>
      )}
    </>
  )
}

function None({ none, hint, clear }: Pick<Props<{ id: string }>, 'none' | 'hint' | 'clear'>) {
  return (
    <Empty title={none}>
      {typeof hint === 'string' ? <p>{hint}</p> : hint}
      {clear !== undefined && (
        <button type="button" class="second" onClick={clear}>
          {commonTexts.clearFilters}
        </button>
      )}
    </Empty>
  )
}
