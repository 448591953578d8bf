import { accessModule } from './access/module.ts'
import { cartsModule } from './carts/module.ts'
import { customersModule } from './customers/module.ts'
import { deadLettersModule } from './dead-letters/module.ts'
import { eventsModule } from './events/module.ts'
import { inventoryModule } from './inventory/module.ts'
import { ledgerModule } from './ledger/module.ts'
import { deliveriesModule } from './deliveries/module.ts'
import { type Catalogue, type Module, scopesOf } from './module.ts'
import { ordersModule } from './orders/module.ts'
import { orderTrackingModule } from './order-tracking/module.ts'
import { paymentsModule } from './payments/module.ts'
import { returnsModule } from './returns/module.ts'
import { settlementsModule } from './settlements/module.ts'
import { shopModule } from './shop/module.ts'
import { systemModule } from './system/module.ts'
import { trackingModule } from './tracking/module.ts'
import { webhooksModule } from './webhooks/module.ts'

/** The modules of the service; each stands behind those that it builds on. A new module is a folder, and an entry here. */
export const modules: readonly Module[] = [
  deadLettersModule,
  eventsModule,
  ordersModule,
  inventoryModule,
  ledgerModule,
  paymentsModule,
  settlementsModule,
  cartsModule,
  trackingModule,
  deliveriesModule,
  returnsModule,
  orderTrackingModule,
  shopModule,
  customersModule,
  webhooksModule,
  accessModule,
  systemModule,
]

/** Every kind of stream, every type of event, and every scope. */
export function catalogueOf(listed: readonly Module[]): Catalogue {
  return {
    streams: listed.flatMap(({ streams = [] }) => streams),
    events: listed.flatMap(({ events = [] }) => events),
    scopes: scopesOf(listed),
  }
}
