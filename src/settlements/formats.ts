import type { SettlementFormat } from './format.ts'
import { adyenFormat } from './format-adyen.ts'
import { ownFormat } from './format-own.ts'
import { paypalFormat } from './format-paypal.ts'
import { stripeFormat } from './format-stripe.ts'

/** The forms of settlement files that are read. */
export const settlementFormats: readonly SettlementFormat[] = [ownFormat, stripeFormat, adyenFormat, paypalFormat]
