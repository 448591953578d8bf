import { useEffect } from 'preact/hooks'

/** Does something again and again while the page is open and looked at; the next time counts from the end of the last. */
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
