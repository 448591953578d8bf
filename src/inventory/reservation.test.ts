import { expect, test } from 'bun:test'
import { isReserved, type ReservationStep, reservationStates, stateAfter } from './reservation.ts'

/** Every state against every step; '-' does nothing. */
const table = `
             commit     ship     release   expire
  held       committed  shipped  released  expired
  committed  -          shipped  released  -
  shipped    -          -        -         -
  released   -          -        -         -
  expired    -          -        -         -`

test('reservations go from state to state as the table says', () => {
  const [steps = [], ...rows] = table
    .trim()
    .split('\n')
    .map(line => line.trim().split(/\s+/))
  const said = rows.flatMap(([state = '', ...after]) => after.map((to, index) => [state, steps[index], to]))
  const done = reservationStates.flatMap(state =>
    steps.map(step => [state, step, stateAfter(state, step as ReservationStep) ?? '-']),
  )
  expect<unknown>(done).toEqual(said)
  expect(reservationStates.filter(isReserved)).toEqual(['held', 'committed'])
})
