import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { beginHistory, type Step, stepKinds } from '../../test/payment-history.ts'

/**
 * Random histories of an order's payments, with faults, against a provider in memory and a model of what must come out.
 * `npm run test:model` runs ten thousand; MODEL_RUNS and MODEL_SEED set their number and the seed.
 */

const runs = Number(Bun.env.MODEL_RUNS ?? 1_000)
/** A history takes about a millisecond and a half; a machine that is busy with other tests gets ten times as long, and more. */
const limitMs = 60_000 + runs * 20

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...stepKinds),
  a: fc.nat(99),
  b: fc.nat(99),
})

const rules = fc.record({
  confirmOn: fc.constantFrom('paid' as const, 'covered' as const),
  latePolicy: fc.constantFrom('refund' as const, 'hold' as const),
  first: fc.nat(99),
})

test(
  `${runs} random histories of payments keep the books, the order and the provider in step`,
  () => {
    fc.assert(
      fc.property(rules, fc.array(step, { minLength: 20, maxLength: 60 }), (given, steps) => {
        const history = beginHistory(given)
        for (const one of steps) history.take(one)
        history.settle()
        expect(history.mistakes()).toEqual([])
      }),
      { numRuns: runs, ...(Bun.env.MODEL_SEED === undefined ? {} : { seed: Number(Bun.env.MODEL_SEED) }) },
    )
  },
  limitMs,
)
