import type { Carrier } from './carrier.ts'
import { aftership } from './carriers/aftership.ts'
import { dhl } from './carriers/dhl.ts'
import { dpd } from './carriers/dpd.ts'
import { easypost } from './carriers/easypost.ts'
import { fedex } from './carriers/fedex.ts'
import { generic } from './carriers/generic.ts'
import { ups } from './carriers/ups.ts'
import { usps } from './carriers/usps.ts'

/** Everybody whose reports are understood. None of them is ever called. */
export const carriers: readonly Carrier[] = [generic, ups, fedex, dhl, dpd, usps, easypost, aftership]
