import { drawingOf, tintOf } from './drawings.ts'

/** Stands for the picture of an item; its name stands beside it. */
export function Drawing({ name, nmId }: { name: string; nmId: number }) {
  return (
    <div class={`drawing tint-${tintOf(nmId)}`}>
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d={drawingOf(name)} />
      </svg>
    </div>
  )
}
