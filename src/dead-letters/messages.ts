import { Type } from 'typebox'
import type { Channel, Message } from '../platform/asyncapi.ts'

const deadLetter: Message = {
  name: 'dead-letter',
  title: 'A message that could not be processed',
  summary: 'Its key, value and headers as they came, after headers that say where it came from and why it was refused',
  contentType: 'application/octet-stream',
  headers: Type.Object({
    dlq_id: Type.String({ description: 'Its id in the API' }),
    dlq_topic: Type.String({ description: 'The topic it came by' }),
    dlq_partition: Type.String({ pattern: '^[0-9]+$' }),
    dlq_offset: Type.String({ pattern: '^[0-9]+$' }),
    dlq_code: Type.String({ description: 'The reason, for programs', examples: ['ORDER_INVALID', 'ORDER_CONFLICT'] }),
    dlq_detail: Type.String({ description: 'The reason, for people' }),
    dlq_errors: Type.Union([Type.String(), Type.Null()], {
      description: 'Every violation as JSON [{"pointer", "detail"}]; null where they are too many for a header',
    }),
    dlq_value_left_out: Type.Optional(Type.String({ description: 'Why the value is missing: the topic refused it' })),
  }),
  key: 'As it came',
  payload: Type.Unknown({ description: 'The bytes as they came' }),
  examples: [
    {
      headers: {
        dlq_id: '17',
        dlq_topic: 'orders',
        dlq_partition: '2',
        dlq_offset: '7',
        dlq_code: 'ORDER_INVALID',
        dlq_detail: 'the message breaks 1 rules of the contract',
        dlq_errors: '[{"pointer":"","detail":"must be well-formed JSON"}]',
      },
      payload: '{"order_uid":',
    },
  ],
}

/** The topic that dead letters are published to. */
export function deadLetterChannel(address: string): Channel {
  return {
    name: 'dead-letters',
    address,
    server: 'kafka',
    action: 'send',
    title: 'Messages that could not be processed',
    description: 'KAFKA_DLQ_TOPIC. Published at least once; the API has everything.',
    messages: [deadLetter],
  }
}
