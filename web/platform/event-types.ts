import { ask } from './api.ts'

type Document = { components: { schemas: { EventType: { enum: string[] } } } }

let asked: Promise<readonly string[]> | undefined

/** Every event type of the service, from its OpenAPI document; none while that cannot be read. */
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
