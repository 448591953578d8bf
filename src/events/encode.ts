import type { LoggedEvent } from './event-rows.ts'

/** An event as JSON, the way SSE, the read API and webhooks show it. Ids of streams need no escapes, see `append.ts`. */
export function encodeEvent(event: LoggedEvent): string {
  const { checkpoint, type, streamType, streamId, orderUid, sequence, recordedAt, data } = event
  const order = orderUid === null ? '' : `"order_uid":"${orderUid}",`
  return `{"id":"${checkpoint.position}","type":"${type}","stream_type":"${streamType}","stream_id":"${streamId}",${order}"sequence":${sequence},"time":"${recordedAt}","data":${data}}`
}
