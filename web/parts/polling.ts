import { useEffect } from 'preact/hooks'

/** Repeats `work` while the page is open and visible, with an interval after each run. */
export function usePolling(work: () => Promise<void>, everyMs: number): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let isOver = false
    const turn = async () => {
      if (!document.hidden) await work()
      if (!isOver) timer = setTimeout(turn, everyMs)
    }
    timer = setTimeout(turn, everyMs)
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }, [work, everyMs])
}
