import { useCallback, useEffect } from 'preact/hooks'
import type { PagedList } from '../platform/paged.ts'
import { usePolling } from './polling.ts'

/** Reads a list, and again what is new of it while the page is visible. */
export function useFreshList(list: Pick<PagedList<{ id: string }>, 'renew' | 'refresh'>, everyMs: number): void {
  useEffect(() => void list.renew(), [list])
  usePolling(
    useCallback(() => list.refresh(), [list]),
    everyMs,
  )
}

/** Shows a page from its top with what a model reads, and reads it again while the page is visible. */
export function useFreshModel(model: { load(): Promise<void> }, everyMs: number): void {
  useEffect(() => {
    scrollTo(0, 0)
    void model.load()
  }, [model])
  usePolling(
    useCallback(() => model.load(), [model]),
    everyMs,
  )
}
