/**
 * The level of an item as `levelOf` has it, in SQL.
 *
 * @param available what is available of the item at all locations
 * @param lowStock at how many units it is low
 */
export function levelSql(available: string, lowStock: string): string {
  return `case when ${available} <= 0 then 'out_of_stock' when ${available} <= ${lowStock} then 'low' else 'in_stock' end`
}
