import { ask } from './api.ts'

type Document = { components: { schemas: { EventType: { enum: string[] } } } }

let asked: Promise<readonly string[]> | undefined

/** Every type of event that the service tells of, as its own description of the API says; none while that is not to be had. */
export function eventTypes(): Promise<readonly string[]> {
  asked ??= readTypes().catch(() => {
    asked = undefined
    return []
  })
  return asked
}

async function readTypes(): Promise<readonly string[]> {
  return (await ask<Document>('/api/openapi.json')).components.schemas.EventType.enum
}
