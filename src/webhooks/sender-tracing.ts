import { traceparentHeader } from '../platform/traceparent.ts'
import { isSampled, type Tracer } from '../platform/tracing.ts'
import { isDelivered } from './outgoing.ts'
import type { Sender } from './sender.ts'

/**
 * Wraps each attempt to deliver an event in a span, a child of the change behind the event; the receiver gets the span as its
 * parent. Of the address only the host is recorded: the path may be a secret.
 */
export function traceDeliveries(tracer: Tracer, sender: Sender): Sender {
  return {
    async post(url, headers, body, ...more) {
      const parent = headers[traceparentHeader]
      if (!isSampled(parent)) return sender.post(url, headers, body, ...more)
      const span = tracer.begin('POST', {
        kind: 'client',
        parent,
        attributes: {
          'http.request.method': 'POST',
          'cloudevents.event_id': headers['webhook-id'] ?? '',
          ...hostOf(url),
        },
      })
      const sent = sender.post(url, { ...headers, [traceparentHeader]: span.traceparent }, body, ...more)
      const result = await sent.catch(error => {
        span.fail('not sent')
        span.end()
        throw error
      })
      if (result.status !== null) span.set({ 'http.response.status_code': result.status })
      if (!isDelivered(result)) span.fail(String(result.status ?? 'no answer'))
      span.end()
      return result
    },
    close: () => sender.close(),
  }
}

function hostOf(text: string) {
  const url = URL.parse(text)
  if (url === null) return {}
  return { 'server.address': url.hostname, 'server.port': Number(url.port) || (url.protocol === 'https:' ? 443 : 80) }
}
