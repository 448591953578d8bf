import type { Module } from '../module.ts'

/** A table whose rows are exported; `order` makes two exports of one state the same. */
export type ExportedTable = Readonly<{ name: string; order: string }>

/** The tables that an export has, in the order of their modules: one that others refer to stands before them. */
export function exportedTables(modules: readonly Module[]): ExportedTable[] {
  return modules.flatMap(({ tables = [] }) =>
    tables.flatMap(table => ('order' in table ? [{ name: table.name, order: table.order }] : [])),
  )
}
