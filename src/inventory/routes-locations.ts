import { AppError } from '../errors.ts'
import type { Call, Route } from '../platform/http.ts'
import type { Pool } from '../platform/postgres.ts'
import { type Location, locationForm } from './location.ts'
import { findLocation, locationsMax, readLocations, saveLocation } from './location-queries.ts'
import { locationOperations } from './operations-stock.ts'
import { readLocation } from './requests.ts'
import type { LocationView } from './views.ts'

type Options = Readonly<{
  /** For commands, and for reads of one thing. */
  commands: Pool
  single: Pool
  now: () => number
}>

/** Locations are written, read and listed. */
export function locationRoutes(options: Options): Route[] {
  const get = { method: 'GET', scope: 'orders:read' } as const
  const one = '/api/locations/:location'
  return [
    {
      ...{ method: 'PUT', scope: 'inventory:write', path: one },
      operation: locationOperations.put,
      handle: call => put(call, options),
    },
    { ...get, path: '/api/locations', operation: locationOperations.list, handle: () => list(options) },
    { ...get, path: one, operation: locationOperations.get, handle: call => show(call, options) },
  ]
}

async function put(call: Call, { commands, now }: Options): Promise<Response> {
  const name = call.params.location ?? ''
  if (!locationForm.test(name)) {
    const violations = [{ pointer: '/location', detail: 'must be 1 to 64 of A-Z a-z 0-9 _ - in the address' }]
    throw new AppError('REQUEST_INVALID', 'the address names no location', { violations })
  }
  const location = await readLocation(call.request, name, now())
  const isNew = await saveLocation(commands, location)
  if (isNew === undefined) throw new AppError('LOCATIONS_TOO_MANY', `there are ${locationsMax} locations`)
  return Response.json(present(location), { status: isNew ? 201 : 200 })
}

async function list({ single }: Options): Promise<Response> {
  return Response.json((await readLocations(single)).map(present))
}

async function show(call: Call, { single }: Options): Promise<Response> {
  const name = call.params.location ?? ''
  const location = locationForm.test(name) ? await findLocation(single, name) : undefined
  if (location === undefined) throw new AppError('LOCATION_NOT_FOUND', `no location is stored under ${name}`)
  return Response.json(present(location))
}

function present({ updatedAtMs, ...location }: Location): LocationView {
  return { ...location, updated_at: new Date(updatedAtMs).toISOString() }
}
