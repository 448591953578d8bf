import type { RefObject } from 'preact'
import { useEffect, useState } from 'preact/hooks'

/** Rows rendered above and below the visible ones. */
const spareRows = 12

export type RowWindow = { first: number; last: number; rowHeight: number }

/**
 * Chooses the rows of a long list that are in the document: the visible ones, and some more. All rows have one height, which the
 * style sheet gives as `--row-height` of the list, in pixels.
 *
 * @param list the element that holds the rows, as high as all of them
 */
export function useRowWindow(list: RefObject<HTMLElement | null>, count: number): RowWindow {
  const [state, setState] = useState<RowWindow>({ first: 0, last: Math.min(count, 40), rowHeight: 56 })
  useEffect(() => {
    let frame = 0
    const measure = () => {
      frame = 0
      const box = list.current
      if (box === null) return
      const rowHeight = Number.parseFloat(getComputedStyle(box).getPropertyValue('--row-height')) || 56
      const above = -box.getBoundingClientRect().top / rowHeight
      const first = Math.max(0, Math.min(Math.floor(above) - spareRows, count - 1))
      const last = Math.min(count, Math.ceil(above + innerHeight / rowHeight) + spareRows)
      setState(before =>
        before.first === first && before.last === last && before.rowHeight === rowHeight
          ? before
          : { first, last, rowHeight },
      )
    }
    const later = () => {
      frame ||= requestAnimationFrame(measure)
    }
    measure()
    addEventListener('scroll', later, { passive: true })
    addEventListener('resize', later)
    return () => {
      cancelAnimationFrame(frame)
      removeEventListener('scroll', later)
      removeEventListener('resize', later)
    }
  }, [list, count])
  return state
}
