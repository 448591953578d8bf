import { describe, expect, test } from 'bun:test'
import { decideMaintenance, type LogState, type Partition } from './partitions.ts'

const day = (text: string) => Date.parse(`${text}T00:00:00Z`)
const at = (xid: number) => ({ xid: String(xid), position: '1' })

const partition = (until: string, sealedAt?: number): Partition => ({
  name: `until_${until}`,
  untilMs: day(until),
  sealedAt: sealedAt === undefined ? null : at(sealedAt),
})

const nowMs = Date.parse('2026-11-22T10:00:00Z')
const ahead = [partition('2026-11-23'), partition('2026-11-24'), partition('2026-11-26')]

function maintenance(given: Partial<LogState>, retentionDays?: number, serviceNowMs = nowMs) {
  const state = { databaseNowMs: nowMs, partitions: ahead, readers: [], owing: [], beginsMs: null, ...given }
  return decideMaintenance(state, serviceNowMs, retentionDays)
}

describe('partitions are added', () => {
  const untilOf = (partitions: Partition[], retentionDays?: number, serviceNowMs?: number) => {
    const { step } = maintenance({ partitions }, retentionDays, serviceNowMs)
    return step?.kind === 'add' ? new Date(step.untilMs).toISOString() : step
  }

  test('by the day where the log is cut off by the day, and by the month where nearly everything is kept', () => {
    expect(untilOf([partition('2026-11-23')], 7)).toBe('2026-11-24T00:00:00.000Z')
    expect(untilOf([partition('2026-11-23')], 60)).toBe('2026-11-24T00:00:00.000Z')
    expect(untilOf([partition('2026-11-23')], 61)).toBe('2026-12-01T00:00:00.000Z')
    expect(untilOf([partition('2026-11-23')])).toBe('2026-12-01T00:00:00.000Z')
    expect(untilOf([partition('2026-12-01')])).toBeUndefined()
  })

  test('until there are enough for three days, also for the instance whose clock is ahead', () => {
    expect(untilOf(ahead, 7)).toBeUndefined()
    expect(untilOf(ahead, 7, nowMs + 86_400_000)).toBe('2026-11-27T00:00:00.000Z')
  })

  test('after a month without any instance by one that reaches to the end of today', () => {
    expect(untilOf([partition('2026-10-20')], 7)).toBe('2026-11-23T00:00:00.000Z')
  })
})

test('a partition is sealed when it is past for a day by the database, the oldest first', () => {
  const partitions = [partition('2026-11-19', 5), partition('2026-11-20'), partition('2026-11-21'), ...ahead]
  expect(maintenance({ partitions }).step).toEqual({ kind: 'seal', name: 'until_2026-11-20' })
  expect(maintenance({ partitions: [partition('2026-11-22'), ...ahead] }, undefined, nowMs + 1e9).step?.kind).not.toBe(
    'seal',
  )
})

describe('a sealed partition is dropped', () => {
  const partitions = [partition('2026-11-18', 5), partition('2026-11-19', 9), partition('2026-11-20', 12), ...ahead]

  test('when all of it is older than asked for, by both clocks', () => {
    expect(maintenance({ partitions }).step).toBeUndefined()
    expect(maintenance({ partitions }, 5).step).toBeUndefined()
    expect(maintenance({ partitions }, 4).step).toEqual({ kind: 'drop', name: 'until_2026-11-18' })
    expect(maintenance({ partitions }, 4, nowMs - 86_400_000).step).toBeUndefined()
    const fast = { ...maintenance({ partitions }, 5, nowMs + 2 * 86_400_000), step: undefined }
    expect(fast).toEqual({ step: undefined, heldBackBy: [], overdue: 0, beginsMs: undefined })
  })

  test('not before every reader is past it, and it is said who holds back how much', () => {
    const readers = (xid: number) => [
      { name: 'kafka', checkpoint: at(xid) },
      { name: 'webhook:1', checkpoint: at(99) },
    ]
    expect(maintenance({ partitions, readers: readers(4) }, 3)).toMatchObject({ heldBackBy: ['kafka'], overdue: 2 })
    expect(maintenance({ partitions, readers: readers(4) }, 3).step).toBeUndefined()
    expect(maintenance({ partitions, readers: readers(5) }, 3).step).toEqual({ kind: 'drop', name: 'until_2026-11-18' })
    // What is behind the oldest is not dropped before it.
    expect(maintenance({ partitions, readers: readers(4) }, 4)).toMatchObject({ heldBackBy: ['kafka'], overdue: 1 })
  })
  test('not before every webhook has delivered what it has passed', () => {
    const owing = (date: string) => [{ name: 'webhook:1', sinceMs: day(date) }]
    expect(maintenance({ partitions, owing: owing('2026-11-17') }, 4)).toMatchObject({ step: undefined, overdue: 1 })
    expect(maintenance({ partitions, owing: owing('2026-11-17') }, 4).heldBackBy).toEqual(['webhook:1'])
    expect(maintenance({ partitions, owing: owing('2026-11-18') }, 4).step).toEqual({
      kind: 'drop',
      name: 'until_2026-11-18',
    })
  })
})
