import { expect, test } from 'bun:test'
import { createRegistry, type Reading, recordReadings } from './metrics.ts'

const gauge = { name: 'orders_somewhere', help: 'What had to be asked for', labelNames: ['place'] }

/** The lines of the gauge in a scrape. */
async function scrape(registry: ReturnType<typeof createRegistry>): Promise<string[]> {
  return (await registry.metrics()).split('\n').filter(line => line.startsWith(gauge.name))
}

test('readings are part of a scrape, and those that are gone by the next are not', async () => {
  const registry = createRegistry()
  const answers: Reading[][] = [[{ labels: { place: 'here' }, value: 1 }], [{ labels: { place: 'there' }, value: 2 }]]
  const clock = performance.now
  recordReadings(registry, gauge, async () => answers.shift() ?? [])
  expect(await scrape(registry)).toEqual(['orders_somewhere{place="here"} 1'])
  // A second scrape at once gets the same answer; a later one asks again.
  expect(await scrape(registry)).toEqual(['orders_somewhere{place="here"} 1'])
  try {
    performance.now = () => clock.call(performance) + 60_000
    expect(await scrape(registry)).toEqual(['orders_somewhere{place="there"} 2'])
  } finally {
    performance.now = clock
  }
})

test('what fails or hangs is absent, and the scrape has everything else before it times out', async () => {
  const registry = createRegistry()
  recordReadings(registry, gauge, () => Promise.reject(new Error('out of reach')))
  recordReadings(registry, { name: 'hanging', help: 'It never comes' }, () => new Promise(() => undefined))
  const startedMs = performance.now()
  const text = await registry.metrics()
  // A scrape may take 10 s.
  expect(performance.now() - startedMs).toBeLessThan(10_000)
  expect(text).not.toMatch(/^(orders_somewhere|hanging)[ {]/m)
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m)
})
