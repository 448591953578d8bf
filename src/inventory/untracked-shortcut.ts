import { DatabaseError } from 'pg'
import type { PlacementShortcut } from '../orders/placement-part.ts'

/** SQLSTATE of `expect_no_stock`, see the migration. */
const isTracked = 'OS001'

/** While no item at all is tracked, a group is placed without a read. */
export function untrackedShortcut(): PlacementShortcut {
  let isOpen = true
  return {
    isOpen: () => isOpen,
    statement: 'call expect_no_stock()',
    isClosedBy(error) {
      const isClosed = error instanceof DatabaseError && error.code === isTracked
      if (isClosed) isOpen = false
      return isClosed
    },
  }
}
