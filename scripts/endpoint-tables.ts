import { markdownTable } from './markdown-table.ts'

/** The parts of an OpenAPI document that the tables are made of. */
type Described = {
  paths: Record<string, Record<string, { summary: string; tags: string[]; security?: Record<string, string[]>[] }>>
}

/** The endpoints of an OpenAPI document, a table for each tag. */
export function endpointTables(document: unknown): string {
  const operations = Object.entries((document as Described).paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary, tags, security = [] }]) => ({
      tag: tags[0] ?? '',
      row: [`\`${method.toUpperCase()} ${path}\``, summary, scopeOf(security)],
    })),
  )
  return [...Map.groupBy(operations, ({ tag }) => tag)]
    .map(
      ([tag, group]) => `### ${tag.charAt(0).toUpperCase() + tag.slice(1)}\n\n${tableOf(group.map(({ row }) => row))}`,
    )
    .join('\n')
}

function tableOf(rows: readonly (readonly string[])[]): string {
  return markdownTable(['endpoint', 'does', 'scope'], rows)
}

function scopeOf(security: readonly Record<string, string[]>[]): string {
  const [scope] = security.flatMap(requirement => Object.values(requirement).flat())
  return scope === undefined ? 'none' : `\`${scope}\``
}
