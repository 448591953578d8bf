import type { Module } from '../module.ts'

/**
 * Settlement files of payment providers, compared with the payments and booked by the command `reconcile`. It has no tables of its own:
 * a file is loaded into a temporary one, and what is booked is in the ledger.
 */
export const settlementsModule: Module = {
  name: 'settlements',
  title: 'Settlements',
  buildsOn: ['events', 'ledger', 'payments'],
}
