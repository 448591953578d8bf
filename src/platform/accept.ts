import { AppError } from '../errors.ts'
import type { HttpRequest } from './http.ts'

/** Content negotiation by `Accept` and `Accept-Encoding` (RFC 9110, 12.5). */

type Wish = { value: string; weight: number }

/**
 * Reads a list of values with weights: `text/html;q=0.5, *;q=0`. Parameters other than `q` are left out, since no answer of
 * the service differs by one. Clients in the field write weights loosely (Java: `*; q=.2`), and nothing is refused for that.
 */
function readWishes(header: string): Wish[] {
  return header
    .toLowerCase()
    .replace(/"[^"]*"/g, '""') // A quoted parameter may hold commas.
    .split(',')
    .map(member => member.split(';').map(part => part.trim()))
    .filter(([value]) => value !== '')
    .map(([value = '', ...parameters]) => {
      const weight = parameters.find(parameter => /^q\s*=/.test(parameter))?.replace(/^q\s*=\s*/, '')
      return { value, weight: weight === undefined ? 1 : weightOf(weight) }
    })
}

function weightOf(text: string): number {
  const weight = text === '' ? Number.NaN : Number(text)
  return Number.isNaN(weight) ? 1 : Math.min(Math.max(weight, 0), 1)
}

/**
 * Chooses the media type to answer with: the one with the highest weight by the most specific range that names it. Of equal ones the
 * one named more specifically wins, then the one named first, then the one offered first: `text/event-stream, *` asks for a stream.
 *
 * @param accept the header; an absent or empty one accepts everything
 * @param offered media types without parameters, in lower case
 * @returns undefined when none is acceptable
 */
export function chooseType<Type extends string>(accept: string | null, offered: readonly Type[]): Type | undefined {
  const wishes = accept === null ? [] : readWishes(accept)
  if (wishes.length === 0) return offered[0]
  let best: { type: Type; weight: number; breadth: number; place: number } | undefined
  for (const type of offered) {
    const ranges = [[type], [`${type.slice(0, type.indexOf('/'))}/*`], ['*/*', '*']]
    const breadth = ranges.findIndex(names => wishes.some(({ value }) => names.includes(value)))
    const place = wishes.findIndex(({ value }) => ranges[breadth]?.includes(value))
    const weight = wishes[place]?.weight ?? 0
    if (weight === 0) continue
    const isBetter =
      best === undefined ||
      weight > best.weight ||
      (weight === best.weight && (breadth < best.breadth || (breadth === best.breadth && place < best.place)))
    if (isBetter) best = { type, weight, breadth, place }
  }
  return best?.type
}

/**
 * Chooses the content coding to answer with: the one with the highest weight, of equal ones the one offered first.
 *
 * @param acceptEncoding the header; without one nothing is compressed, since many clients that send none cannot decode it
 * @param offered names of codings, in lower case
 * @returns undefined to send the response as it is, also where the client does not want that but nothing else fits
 */
export function chooseCoding<Coding extends string>(
  acceptEncoding: string | null,
  offered: readonly Coding[],
): Coding | undefined {
  if (acceptEncoding === null) return undefined
  const weights = new Map(readWishes(acceptEncoding).map(({ value, weight }) => [value, weight]))
  const others = weights.get('*') ?? 0
  let best: Coding | undefined
  let weightMost = weights.get('identity') ?? 0
  for (const coding of offered) {
    // RFC 9110, 8.4.1.3: x-gzip is another name of gzip.
    const weight = weights.get(coding) ?? (coding === 'gzip' ? weights.get('x-gzip') : undefined) ?? others
    if (weight > weightMost || (weight === weightMost && weight > 0 && best === undefined)) {
      best = coding
      weightMost = weight
    }
  }
  return best
}

/**
 * Chooses the media type that a request is answered with.
 *
 * @throws AppError NOT_ACCEPTABLE
 */
export function typeFor<Type extends string>(request: HttpRequest, offered: readonly Type[]): Type {
  const type = chooseType(request.headers.get('accept'), offered)
  if (type !== undefined) return type
  throw new AppError('NOT_ACCEPTABLE', `the answer can be ${offered.join(' or ')}`)
}
