import { carts } from './carts/module.ts'
import { customers } from './customers/module.ts'
import { deadLetters } from './dead-letters/module.ts'
import { deliveries } from './deliveries/module.ts'
import { events } from './events/module.ts'
import { inventory } from './inventory/module.ts'
import { keys } from './keys/module.ts'
import { ledger } from './ledger/module.ts'
import type { Module } from './module.ts'
import { orders } from './orders/module.ts'
import { overview } from './overview/module.ts'
import { payments } from './payments/module.ts'
import { returns } from './returns/module.ts'
import { settlements } from './settlements/module.ts'
import { system } from './system/module.ts'
import { webhooks } from './webhooks/module.ts'

/** Every module of the page, in the order of the menu. The build reads this list too, and tells the server of the addresses. */
export const modules: readonly Module[] = [
  overview,
  orders,
  customers,
  inventory,
  carts,
  deliveries,
  returns,
  payments,
  ledger,
  settlements,
  events,
  deadLetters,
  webhooks,
  keys,
  system,
]
