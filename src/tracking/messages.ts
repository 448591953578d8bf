import type { Channel } from '../platform/asyncapi.ts'
import { genericReport } from './carriers/generic.ts'

/** The topic of reports. */
export function trackingChannel(address: string): Channel {
  return {
    name: 'tracking',
    address,
    server: 'kafka',
    action: 'receive',
    title: 'Reports of carriers come in',
    description:
      'KAFKA_TRACKING_TOPIC. The same report again has no effect. What is refused becomes a dead letter that says why.',
    messages: [
      {
        name: 'tracking-report',
        title: 'A report about a parcel',
        summary: 'The list of checkpoints as the carrier has it, or only the new ones',
        contentType: 'application/json',
        key: 'The tracking number, so that reports about a parcel stay in their order',
        payload: { $ref: '#/components/schemas/TrackingReport' },
        examples: [
          {
            payload: {
              tracking_number: 'RB123456785GB',
              checkpoints: [
                {
                  code: 'OFD',
                  status: 'out_for_delivery',
                  occurred_local: '2026-11-28T09:30:00',
                  zone: '+01:00',
                  place: 'Lyon',
                },
              ],
            },
          },
        ],
      },
    ],
  }
}

/** The schemas that the channel refers to. */
export const trackingMessageSchemas = { TrackingReport: genericReport }
