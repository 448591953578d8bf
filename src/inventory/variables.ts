import { integerVariable, topicVariable } from '../platform/variables.ts'

const page = 'inventory.md'

export const stockTopic = topicVariable({
  name: 'KAFKA_STOCK_TOPIC',
  preset: 'orders.stock',
  meaning: 'topic that movements and counts of stock come in by',
  page,
})

export const stockLow = integerVariable(
  {
    name: 'STOCK_LOW',
    preset: '5',
    meaning: 'at how many available units the stock of an item is low, unless the item says so itself',
    page,
  },
  0,
  1_000_000_000,
)
