import { useComputed, useSignal } from '@preact/signals'
import { instantOf } from '../../src/platform/instant.ts'
import { absolute, clock, relative } from '../platform/time.ts'

/**
 * Shows how long ago something was; the time itself is the tooltip, and with `isAbsolute` stands beside it. A time that no calendar
 * has is shown as it was sent. Browsers know no leap seconds, so the service's parser is used.
 */
export function Time({ at, isAbsolute = false }: { at: string; isAbsolute?: boolean }) {
  const instantMs = instantOf(at)
  const timeMs = useSignal(instantMs ?? 0)
  timeMs.value = instantMs ?? 0
  const text = useComputed(() => relative(timeMs.value, clock.value))
  if (instantMs === undefined) return <span>{at}</span>
  const whole = absolute(instantMs)
  return (
    <time dateTime={at} title={whole}>
      {isAbsolute && <span>{whole} · </span>}
      {text}
    </time>
  )
}

/** A line of details: nothing for a time that has not come. */
export function TimeFact({ label, at }: { label: string; at: string | null }) {
  if (at === null) return null
  return (
    <>
      <dt>{label}</dt>
      <dd>
        <Time at={at} isAbsolute />
      </dd>
    </>
  )
}
