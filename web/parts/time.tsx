import { useComputed, useSignal } from '@preact/signals'
import { absolute, clock, relative } from '../platform/time.ts'

/** How long ago something was, growing as time goes by; the time itself is told on hovering, and by `isAbsolute` beside it. */
export function Time({ at, isAbsolute = false }: { at: string; isAbsolute?: boolean }) {
  const timeMs = useSignal(Date.parse(at))
  timeMs.value = Date.parse(at)
  const text = useComputed(() => relative(timeMs.value, clock.value))
  const whole = absolute(Date.parse(at))
  return (
    <time dateTime={at} title={whole}>
      {isAbsolute && <span>{whole} · </span>}
      {text}
    </time>
  )
}
