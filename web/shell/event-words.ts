import type { EventView } from '../../src/events/schemas.ts'
import type { EventWords } from '../module.ts'
import { modules } from '../modules.ts'

/** An event in the words of the module that it belongs to; undefined where no module has any. */
export function wordsOf(event: EventView): EventWords | undefined {
  for (const module of modules) {
    const words = module.wordsOf?.(event)
    if (words !== undefined) return words
  }
  return undefined
}
