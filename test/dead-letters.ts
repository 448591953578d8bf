import { expect } from 'bun:test'
import type { DeadLetterListing } from '../src/dead-letters/views.ts'
import { nextOf } from './links.ts'
import { fateOf } from './orders.ts'
import { headerOf, type Read } from './topics.ts'

const listed = 10
const place = (partition: unknown, offset: unknown) => `${partition}/${offset}`

/** Lists all dead letters, page by page, as a person would. */
export async function listDeadLetters(url: string, pageSize = 40): Promise<DeadLetterListing[]> {
  const deadLetters: DeadLetterListing[] = []
  for (let path: string | undefined = `/api/dead-letters?limit=${pageSize}`; path !== undefined; ) {
    const response: Response = await fetch(url + path)
    expect(response.status).toBe(200)
    const page = (await response.json()) as DeadLetterListing[]
    expect(page.length).toBeLessThanOrEqual(pageSize)
    deadLetters.push(...page)
    path = nextOf(path, response)
  }
  return deadLetters
}

/**
 * Checks that each message that is not an order, and no other, is one dead letter, with its bytes, its origin and the reason.
 *
 * @param read all messages of the orders topic; the header `kind` says what each one is
 */
export function expectDeadLetters(deadLetters: readonly DeadLetterListing[], read: readonly Read[]): void {
  const byPlace = new Map(deadLetters.map(deadLetter => [place(deadLetter.partition, deadLetter.offset), deadLetter]))
  const bad = read.filter(message => fateOf(headerOf(message, 'kind') ?? '') !== undefined)
  const problems: string[] = []
  for (const message of bad) {
    const at = place(message.partition, message.message.offset)
    const deadLetter = byPlace.get(at)
    const kind = headerOf(message, 'kind') ?? ''
    if (deadLetter === undefined) problems.push(`"${kind}" at ${at} is no dead letter`)
    else if (!isDeadLetterOf(deadLetter, message, kind))
      problems.push(`"${kind}" at ${at} is ${JSON.stringify(deadLetter).slice(0, 2000)}`)
    byPlace.delete(at)
  }
  for (const deadLetter of byPlace.values())
    problems.push(`a good message is a dead letter: ${JSON.stringify(deadLetter).slice(0, 2000)}`)
  expect(problems.slice(0, listed)).toEqual([])
  expect(deadLetters).toHaveLength(bad.length)
}

function isDeadLetterOf(deadLetter: DeadLetterListing, { message }: Read, kind: string): boolean {
  const fate = fateOf(kind)
  const wanted = fate?.pointer
  return (
    deadLetter.code === fate?.code &&
    deadLetter.detail !== '' &&
    (wanted === undefined || deadLetter.violations.some(({ pointer }) => pointer.startsWith(wanted))) &&
    deadLetter.value === base64(message.value) &&
    deadLetter.key === base64(message.key) &&
    deadLetter.message_time === new Date(Number(message.timestamp)).toISOString() &&
    deadLetter.headers.some(([name, value]) => name === 'kind' && value === base64(Buffer.from(kind))) &&
    deadLetter.headers.some(([name, value]) => name === 'bytes' && value === base64(Buffer.from([0, 0xff, 0x0a])))
  )
}

/**
 * Checks that each dead letter is published with the message's key, bytes and headers as they came, after those that describe it.
 *
 * @param published all messages of the topic of dead letters
 */
export function expectPublished(published: readonly Read[], deadLetters: readonly DeadLetterListing[]): void {
  const byId = new Map(published.map(message => [headerOf(message, 'dlq_id'), message]))
  const problems = deadLetters.flatMap(deadLetter => {
    const found = byId.get(deadLetter.id)
    if (found === undefined) return [`dead letter ${deadLetter.id} (${deadLetter.detail}) was not published`]
    const isSame =
      base64(found.message.key) === deadLetter.key &&
      base64(found.message.value) === deadLetter.value &&
      headerOf(found, 'dlq_code') === deadLetter.code &&
      headerOf(found, 'dlq_partition') === String(deadLetter.partition) &&
      headerOf(found, 'dlq_offset') === deadLetter.offset &&
      headerOf(found, 'kind') !== undefined
    return isSame ? [] : [`dead letter ${deadLetter.id} was published as ${JSON.stringify(found.message.headers)}`]
  })
  expect(problems.slice(0, listed)).toEqual([])
}

function base64(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString('base64')
}
