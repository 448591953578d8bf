import type { LoggedEvent } from './log.ts'

/** An event as JSON, the way SSE, the read API and webhooks show it. */
export function encodeEvent(event: LoggedEvent): string {
  const { checkpoint, type, orderUid, sequence, recordedAt, data } = event
  return `{"id":"${checkpoint.position}","type":"${type}","order_uid":"${orderUid}","sequence":${sequence},"time":"${recordedAt}","data":${data}}`
}
