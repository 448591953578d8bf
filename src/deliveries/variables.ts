import { flagVariable } from '../platform/variables.ts'

const page = 'deliveries.md'

export const shipUnpaid = flagVariable({
  name: 'SHIP_UNPAID',
  preset: 'false',
  meaning: 'whether orders are shipped that are neither paid, authorized nor paid on delivery',
  page,
})
