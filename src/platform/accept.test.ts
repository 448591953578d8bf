import { describe, expect, test } from 'bun:test'
import { chooseCoding, chooseType } from './accept.ts'

const json = 'application/json'
const stream = 'text/event-stream'

describe('the media type', () => {
  test.each([
    [null, json],
    ['', json],
    [' , ', json],
    ['*/*', json],
    [json, json],
    [stream, stream],
    ['Text/Event-Stream', stream],
    ['text/*', stream],
    ['text/event-stream;q=0', undefined],
    ['text/event-stream;q=0.0, */*', json],
    ['text/event-stream; charset=utf-8', stream],
    ['text/event-stream, */*', stream],
    ['*/*, text/event-stream', stream],
    ['text/event-stream;q=0.5, application/json', json],
    ['text/event-stream, application/json;q=0.9', stream],
    ['text/event-stream, application/json', stream],
    ['application/json, text/event-stream', json],
    ['application/json, text/plain, */*', json],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8', json],
    ['text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2', json],
    ['application/*;q=0.2, */*;q=0.9', stream],
    ['application/json;q=0, */*;q=0.1', stream],
    ['*/*;q=0', undefined],
    ['text/html', undefined],
    ['application/jsonp', undefined],
    ['application/vnd.api+json', undefined],
    ['x/y;a="text/event-stream,application/json"', undefined],
    ['text/event-stream;q=lots', stream],
    ['text/event-stream;q=', stream],
  ])('for %p is %p', (accept, type) => {
    expect(chooseType(accept, [json, stream])).toBe(type)
  })
})

describe('the content coding', () => {
  test.each([
    [null, undefined],
    ['', undefined],
    ['identity', undefined],
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['gzip, deflate, br, zstd', 'zstd'],
    ['gzip, deflate, br', 'br'],
    ['GZIP;Q=0.4', 'gzip'],
    ['gzip;q=1, br;q=0.9', 'gzip'],
    ['gzip;q=0', undefined],
    ['br;q=0.000, gzip;q=0.001', 'gzip'],
    ['*', 'zstd'],
    ['*;q=0', undefined],
    ['zstd;q=0, *', 'br'],
    ['identity;q=0.5, gzip;q=0.4', undefined],
    ['identity, gzip', 'gzip'],
    ['identity;q=0, compress', undefined],
    ['compress, deflate', undefined],
  ])('for %p is %p', (acceptEncoding, coding) => {
    expect(chooseCoding(acceptEncoding, ['zstd', 'br', 'gzip'])).toBe(coding)
  })
})

test('headers of the largest size are read at once', () => {
  const startedMs = performance.now()
  for (const part of ['"', ',', ';', 'q=', ' ', '"\\"', 'a,', ';q=1', '\t;q']) {
    const header = part.repeat(Math.ceil((64 * 1024) / part.length))
    chooseType(header, [json, stream])
    chooseCoding(header, ['zstd', 'br', 'gzip'])
  }
  expect(performance.now() - startedMs).toBeLessThan(2_000)
})
