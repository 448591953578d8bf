import { expect, setDefaultTimeout, test } from 'bun:test'
import type { ServerResponse } from 'node:http'
import { eventually } from '../../test/kafka.ts'
import { startOtlpReceiver, tracingTo } from '../../test/otlp-receiver.ts'
import { createLogger } from './log.ts'
import { startTracing, type Tracing } from './otlp-tracing.ts'
import { within } from './tracing.ts'
import type { TracingSettings } from './tracing-settings.ts'

// Some wait for the exporter's own deadline of five seconds.
setDefaultTimeout(30_000)

const log = createLogger({ level: 'silent' })
const start = (endpoint: string, change: Partial<TracingSettings> = {}) =>
  startTracing(tracingTo(endpoint, change), '1.0.0', log)

function tell({ tracer }: Tracing, spans: number): void {
  for (let told = 0; told < spans; told += 1) tracer.begin('work').end()
}

test('what waits is sent at the end', async () => {
  const collector = await startOtlpReceiver()
  const tracing = await start(`${collector.endpoint}/`)
  tell(tracing, 700)
  await tracing.close(5_000)
  expect(collector.named('work')).toHaveLength(700)
  expect(tracing.counts()).toEqual({ exported: 700, failed: 0, dropped: 0 })
  await collector.close()
})

test('a collector that is down costs spans, which are bounded and counted, and delays nothing', async () => {
  const collector = await startOtlpReceiver()
  await collector.close()
  const tracing = await start(collector.endpoint)
  const startedMs = performance.now()
  tell(tracing, 5_000)
  expect(tracing.counts()).toEqual({ exported: 0, failed: 0, dropped: 5_000 - 2_048 })
  await tracing.close(200)
  expect(performance.now() - startedMs).toBeLessThan(2_000)
})

test('a collector that comes back gets later spans', async () => {
  const collector = await startOtlpReceiver()
  collector.answer = response => void response.writeHead(400).end()
  const tracing = await start(collector.endpoint)
  tell(tracing, 10)
  await eventually('they have failed', () => tracing.counts().failed === 10, 10_000)
  collector.answer = response => void response.writeHead(200).end('{}')
  tell(tracing, 10)
  await eventually('the next have arrived', () => tracing.counts().exported === 10, 10_000)
  await tracing.close(1_000)
  await collector.close()
})

test('an export to a collector that hangs is abandoned, and its memory is freed', async () => {
  const collector = await startOtlpReceiver()
  const held: ServerResponse[] = []
  collector.answer = response => void held.push(response)
  const tracing = await start(collector.endpoint)
  tell(tracing, 3_000)
  expect(tracing.counts().dropped).toBe(3_000 - 2_048)
  await eventually('the first have failed', () => tracing.counts().failed >= 512, 25_000)
  const { dropped } = tracing.counts()
  tell(tracing, 1)
  expect(tracing.counts().dropped).toBe(dropped)
  await tracing.close(100)
  await collector.close()
})

test('each sampler decides as OpenTelemetry says', async () => {
  const parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0'
  // A trace of its own, one that the caller records, one that it does not.
  const decisions = async (change: Partial<TracingSettings>) => {
    const tracing = await start('http://127.0.0.1:9', change)
    const parents = [undefined, `${parent}1`, `${parent}0`]
    const spans = parents.map(parent => tracing.tracer.begin('work', { parent }))
    return spans.map(({ isSampled }) => (isSampled ? 'yes' : 'no')).join(' ')
  }
  expect(await decisions({ sampler: 'always_on' })).toBe('yes yes yes')
  expect(await decisions({ sampler: 'always_off' })).toBe('no no no')
  expect(await decisions({ sampler: 'parentbased_always_on' })).toBe('yes yes no')
  expect(await decisions({ sampler: 'parentbased_always_off' })).toBe('no yes no')
  expect(await decisions({ sampler: 'parentbased_traceidratio', ratio: 0 })).toBe('no yes no')
  expect(await decisions({ sampler: 'parentbased_traceidratio', ratio: 1 })).toBe('yes yes no')
  expect(await decisions({ sampler: 'traceidratio', ratio: 0 })).toBe('no no no')
})

test('work that fails marks its span with the kind of error, without what the message quotes', async () => {
  const collector = await startOtlpReceiver()
  const tracing = await start(collector.endpoint)
  const failure = Object.assign(new Error('Test Testov'), { code: '23505' })
  const work = within(tracing.tracer.begin('work'), () => Promise.reject(failure))
  await expect(work).rejects.toThrow('Test Testov')
  await tracing.close(5_000)
  expect(collector.spans).toMatchObject([{ status: 2, attributes: { 'error.type': '23505' } }])
  expect(JSON.stringify(collector.spans)).not.toContain('Testov')
  await collector.close()
})
