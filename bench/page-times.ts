import { type Figure, type Findings, percentile } from './figures.ts'
import { describeProcessors, type Watched, watchProcessors } from './usage.ts'

/** A kind of page and how long its requests took. */
export type PageTimes = { name: string; timesMs: number[] }

/** A page has to be made within this time, by the p99. */
export const pageLimitMs = 10

/** Requests a page, and reads all of it. @returns milliseconds @throws Error when it is not answered with 200 */
export async function timePage(address: string): Promise<number> {
  const startedMs = performance.now()
  const answer = await fetch(address)
  await answer.arrayBuffer()
  const ms = performance.now() - startedMs
  if (answer.status !== 200) throw new Error(`${address} was answered with ${answer.status}`)
  return ms
}

/**
 * Requests pages in rounds, one at a time. Each kind once a round: what else the machine does then falls on all of them alike.
 *
 * @param kinds each makes a request and returns its time, in milliseconds; `round` is below 0 while it warms up
 * @returns processors: what the processors did in the rounds, as a sentence: with others at work a p99 says little
 */
export async function timeRounds(
  kinds: readonly Readonly<{ name: string; time: (round: number) => Promise<number> }>[],
  { rounds, warmUpRounds, watched }: Readonly<{ rounds: number; warmUpRounds: number; watched: Watched }>,
): Promise<{ times: readonly PageTimes[]; processors: string }> {
  const times = kinds.map(({ name }): PageTimes => ({ name, timesMs: [] }))
  let endWatch = watchProcessors(watched)
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    if (round === 0) endWatch = watchProcessors(watched)
    for (const [index, kind] of kinds.entries()) {
      const ms = await kind.time(round)
      if (round >= 0) times[index]?.timesMs.push(ms)
    }
  }
  return { times, processors: describeProcessors(endWatch()) }
}

/**
 * The p99 of each kind of page, beside that of a reference.
 *
 * @param times those of what a page costs at least, and of the pages
 * @param of what the pages were of, for a person; processors: as `timeRounds` says it
 */
export function pageFindings(
  [reference = { name: '', timesMs: [] }, ...pages]: readonly PageTimes[],
  { of, processors }: Readonly<{ of: string; processors: string }>,
): Findings {
  const p = ({ timesMs }: PageTimes, share: number) =>
    percentile(
      timesMs.toSorted((a, b) => a - b),
      share,
    )
  const against = { what: reference.name, value: p(reference, 0.99) }
  const figures = pages.map(
    (one): Figure => ({
      what: `${one.name}, p99`,
      value: p(one, 0.99),
      unit: 'ms',
      against,
      must: { of: 'value', atMost: pageLimitMs },
      aim: { of: 'value', atMost: 3 },
    }),
  )
  const medians = [reference, ...pages].map(one => `${one.name.replace(', p99', '')} ${p(one, 0.5).toFixed(1)}`)
  const slow = (share: number) => {
    const names = pages.filter(one => p(one, share) >= pageLimitMs).map(one => one.name)
    return names.length === 0 ? 'none' : names.join('; ')
  }
  const isBusy = against.value >= pageLimitMs
  return {
    figures,
    notes: [
      `${of}, ${reference.timesMs.length} requests each, one at a time, every other from anywhere in the list`,
      processors,
      `p50 in ms: ${medians.join(', ')}`,
      `${pageLimitMs} ms or more at p50: ${slow(0.5)}`,
      `${pageLimitMs} ms or more at p99: ${slow(0.99)}`,
      ...(isBusy
        ? ['the machine was busy with others: even a page by its keys took that long at p99; look at p50']
        : []),
    ],
  }
}
