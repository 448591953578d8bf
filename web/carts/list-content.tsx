import type { ComponentChildren } from 'preact'
import { MoreButton } from '../parts/more-button.tsx'
import { Empty, Failure, Skeleton } from '../parts/states.tsx'
import { commonTexts } from '../parts/texts.ts'
import { Refusal } from '../platform/api.ts'
import type { PagedList } from '../platform/paged.ts'
import { texts } from './texts.ts'

type Props<Row extends { id: string }> = {
  list: PagedList<Row>
  /** What is said of a list without entries. */
  none: string
  hint?: string | undefined
  /** Removes what narrows the list. */
  clear?: (() => void) | undefined
  children: (rows: readonly Row[]) => ComponentChildren
}

/** The entries of a list, or why there are none: they are being read, could not be read, or do not exist. */
export function ListContent<Row extends { id: string }>({ list, none, hint, clear, children }: Props<Row>) {
  const rows = list.rows.value
  const failure = list.failure.value
  // The address of a single entry that does not exist.
  const isMissing = failure instanceof Refusal && failure.status === 404
  return (
    <>
      {failure !== undefined && !isMissing && <Failure error={failure} retry={() => void list.renew()} />}
      {rows === undefined && failure === undefined && (
        <div class="card">
          <Skeleton lines={6} />
        </div>
      )}
      {(rows?.length === 0 || isMissing) && (
        <Empty title={none}>
          {hint !== undefined && <p>{hint}</p>}
          {clear !== undefined && (
            <button type="button" class="second" onClick={clear}>
              {commonTexts.clearFilters}
            </button>
          )}
        </Empty>
      )}
      {rows !== undefined && rows.length > 0 && !isMissing && (
        <>
          {children(rows)}
          <MoreButton list={list} label={texts.more} />
        </>
      )}
    </>
  )
}
