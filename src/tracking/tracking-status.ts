/** What has become of a parcel, as carriers tell it in words and codes of their own. */
export const trackingStatuses = [
  'pre_transit',
  'picked_up',
  'in_transit',
  'out_for_delivery',
  'available_for_pickup',
  'attempted_delivery',
  'delivered',
  'delayed',
  'on_hold',
  'return_to_sender',
  'cancelled',
  'failure',
  'expired',
  'unknown',
] as const
export type TrackingStatus = (typeof trackingStatuses)[number]
