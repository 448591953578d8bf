import { expect } from 'bun:test'

/** That every reference within a document, as the text of JSON, leads somewhere. */
export function expectReferences(text: string): void {
  const references = [...text.matchAll(/"\$ref": "#\/([^"]+)"/g)].map(match => match[1] ?? '')
  expect(references.length).toBeGreaterThan(0)
  const lost = references.filter(path => {
    let place: unknown = JSON.parse(text)
    for (const step of path.split('/')) place = (place as Record<string, unknown> | undefined)?.[step]
    return place === undefined
  })
  expect(lost).toEqual([])
}
