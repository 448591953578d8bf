import { plural } from '../platform/plural.ts'

const dayFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' })
const timeFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
/** For times by the clock of a place, which are formatted as if they were UTC. */
const localFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })

/** Formats an instant for the reader, in the reader's zone. */
export const timeText = (at: string) => timeFormat.format(Date.parse(at))
export const dayText = (at: string) => dayFormat.format(Date.parse(at))
/** Formats a time by the clock of the place. */
export const localText = (local: string) => localFormat.format(Date.parse(`${local}Z`))

/** The words of the tracking page. */
export const texts = {
  brand: 'Your delivery',
  skip: 'Skip to the content',
  theme: 'Switch between light and dark',
  print: 'Print',
  title: (day: string) => `Your order of ${day}`,
  loading: 'Loading …',
  gone: 'This link is unknown or has expired',
  goneHint: 'Check that it is complete, or ask the shop for a new one.',
  failed: 'Your order cannot be shown at the moment',
  failedHint: 'It is tried again by itself.',
  retry: 'Try again',
  live: 'This page is up to date, and changes by itself.',
  interrupted: 'The connection is interrupted. What you see may be old.',
  clocks: 'The times of each parcel are by the clock of the place.',
  standing: {
    unfulfilled: 'We are preparing your order.',
    partially_shipped: 'Part of your order is on its way.',
    shipped: 'Your order is on its way.',
    partially_delivered: 'Part of your order has arrived.',
    delivered: 'Your order has arrived.',
    returned: 'Your order has come back to us.',
    cancelled: 'Your order was cancelled.',
  },
  waiting: (units: number) => `${units} ${plural(units, 'unit is', 'units are')} still to be shipped.`,
  more: 'There is more than this page shows.',
  shipment: (number: number, all: number) => (all === 1 ? 'Shipment' : `Shipment ${number} of ${all}`),
  units: (units: number) => `${units} ${plural(units, 'unit', 'units')}`,
  states: {
    planned: 'being prepared',
    packed: 'packed',
    shipped: 'shipped',
    delivered: 'delivered',
    returned: 'returned',
  },
  late: 'late',
  facts: {
    carrier: 'Carrier',
    estimated: 'Expected',
    promised: 'Promised by',
    shipped: 'Shipped',
    delivered: 'Delivered',
  },
  parcel: (number: string, carrier: string) => [`Parcel ${number}`, carrier].filter(Boolean).join(' · '),
  roles: { main: '', last_mile: 'last mile', return: 'on its way back to us' },
  nothing: 'The carrier has not reported anything yet.',
  statuses: {
    pre_transit: 'Announced to the carrier',
    picked_up: 'Picked up by the carrier',
    in_transit: 'On its way',
    out_for_delivery: 'Out for delivery',
    available_for_pickup: 'Ready to be picked up',
    attempted_delivery: 'Delivery was attempted',
    delivered: 'Delivered',
    delayed: 'Delayed',
    on_hold: 'On hold',
    return_to_sender: 'On its way back to us',
    cancelled: 'Cancelled',
    failure: 'Something went wrong',
    expired: 'No news from the carrier',
    unknown: 'News from the carrier',
  },
  /** A code of a reason, such as customs_hold. */
  reason: (reason: string) => reason.replaceAll('_', ' '),
} as const
