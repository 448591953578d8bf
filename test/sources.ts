import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** The sources of the repository, as the rules of tidy.test.ts look at them. */

export const root = join(import.meta.dirname, '..')

export type Source = { path: string; area: string; text: string }

/** The TypeScript files of a folder of the repository, those with markup among them. */
export function sourcesOf(folder: string): Source[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => /\.tsx?$/.test(name))
    .map(name => ({
      path: join(folder, name),
      area: name.split('/')[0]?.replace(/\.tsx?$/, '') ?? '',
      text: readFileSync(join(root, folder, name), 'utf8'),
    }))
}

/** The files that a source imports, types included, as paths from the root of the repository. */
export function importsOf({ path, text }: Source): string[] {
  const named = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(match => match[1] ?? '')
  return named.map(name => relative(root, join(root, dirname(path), name)))
}

/** The files that lead back to themselves by their imports: each circle as the paths along it, from the first in the alphabet. */
export function circlesOf(sources: readonly Source[]): string[][] {
  const paths = new Set(sources.map(({ path }) => path))
  const graph = new Map(sources.map(source => [source.path, importsOf(source).filter(path => paths.has(path))]))
  const circles = [...graph.keys()].flatMap(path => {
    const circle = wayBack(graph, path)
    return circle === undefined || circle.some(other => other < path) ? [] : [circle]
  })
  return circles.toSorted()
}

/** The shortest way from a file back to itself; undefined when there is none. */
function wayBack(graph: ReadonlyMap<string, readonly string[]>, start: string): string[] | undefined {
  const seen = new Set<string>()
  const ways: string[][] = [[start]]
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    for (const next of graph.get(way.at(-1) ?? '') ?? []) {
      if (next === start) return way
      if (!seen.has(next)) ways.push([...way, next])
      seen.add(next)
    }
  }
  return undefined
}

const functionStart =
  /^(\s*)(?:export )?(?:default )?(?:async )?(?:function\*?\s+(\w+)|(?:static )?(?:async )?(?:[gs]et )?\*?(#?\w+)(?:<[^>]*>)?\(|const (\w+)(?::[^=]+)? = (?:async )?(?:\(|\w+ =>))/
const noFunction = /^\s*(?:if|for|while|switch|return|await|catch|throw|super)\b/

/**
 * The functions of a source with their lengths in lines. A function begins at a line that names it and opens a bracket, and ends at
 * the next line of the same depth that closes one, which the formatter keeps true.
 */
export function functionsOf({ text }: Source): { name: string; lines: number }[] {
  const lines = text.split('\n')
  return lines.flatMap((line, first) => {
    const start = functionStart.exec(line)
    if (start === null || noFunction.test(line) || !/[{(]$/.test(line)) return []
    const indent = start[1] ?? ''
    const length = lines.slice(first + 1).findIndex(later => new RegExp(`^${indent}\\}[),]*;?$`).test(later)) + 2
    const isBroken = lines.slice(first + 1, first + length).some(later => later !== '' && !later.startsWith(indent))
    return length < 2 || isBroken ? [] : [{ name: start[2] ?? start[3] ?? start[4] ?? '', lines: length }]
  })
}
