import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { YAML } from 'bun'
import { chartFolder } from '../scripts/render-manifests.ts'

/** A resource of Kubernetes. */
export type Manifest = {
  apiVersion: string
  kind: string
  metadata: { name: string }
  spec: unknown
  data: Record<string, string>
}

/** The resources of a text with any number of them. */
export function parseManifests(text: string): Manifest[] {
  const parsed = YAML.parse(text) as Manifest | (Manifest | null)[]
  return [parsed].flat().filter(manifest => manifest !== null)
}

/**
 * The first of a kind.
 *
 * @throws Error when there is none
 */
export function firstOf(manifests: readonly Manifest[], kind: string): Manifest {
  const found = manifests.find(manifest => manifest.kind === kind)
  if (found === undefined) throw new Error(`there is no ${kind}`)
  return found
}

type Values = { [name: string]: unknown }

/**
 * Values laid over others as Helm does it: maps are merged, a null takes away, everything else is replaced.
 *
 * @param base what is there before: those of values.yaml unless others are given
 */
export function withDefaults(text: string, base?: Values): Values {
  return merged(
    base ?? (YAML.parse(readFileSync(join(chartFolder, 'values.yaml'), 'utf8')) as Values),
    YAML.parse(text),
  )
}

function merged(base: Values, over: unknown): Values {
  const result = { ...base }
  for (const [name, value] of Object.entries(over as Values)) {
    const before = base[name]
    if (value === null) delete result[name]
    else if (isMap(value)) result[name] = merged(isMap(before) ? before : {}, value)
    else result[name] = value
  }
  return result
}

function isMap(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
