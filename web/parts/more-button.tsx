import type { PagedList } from '../platform/paged.ts'

type Props = { list: Pick<PagedList<{ id: string }>, 'isComplete' | 'isLoading' | 'more'>; label: string }

/** Loads the next page of a list. Shows nothing once the list is complete. */
export function MoreButton({ list, label }: Props) {
  if (list.isComplete.value) return null
  return (
    <p class="table-foot">
      <button type="button" class="second" disabled={list.isLoading.value} onClick={() => void list.more()}>
        {label}
      </button>
    </p>
  )
}
