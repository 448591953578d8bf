import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import jsTokens, { type Token } from 'js-tokens'

/**
 * Every regular expression of the product, in whatever file it is written, takes time that grows as the length of its text at most:
 * an automaton made of the expression proves it. What is tried on texts besides is in the tests of those who read them.
 */

const root = join(import.meta.dir, '..')

/** Expression and flags, with where it is written. */
type Pattern = { source: string; flags: string; where: string }

function patternsIn(path: string): Pattern[] {
  const isMeant = ({ type }: Token) => !/Comment|LineTerminator|WhiteSpace/.test(type)
  const tokens = [...jsTokens(readFileSync(join(root, path), 'utf8'), { jsx: path.endsWith('x') })].filter(isMeant)
  return tokens.flatMap(({ type, value }, index): Pattern[] => {
    if (type === 'RegularExpressionLiteral') {
      const end = value.lastIndexOf('/')
      return [{ source: value.slice(1, end), flags: value.slice(end + 1), where: path }]
    }
    const isOfSchema =
      type === 'StringLiteral' && tokens[index - 1]?.value === ':' && tokens[index - 2]?.value === 'pattern'
    return isOfSchema ? [{ source: value.slice(1, -1).replaceAll('\\\\', '\\'), flags: 'u', where: path }] : []
  })
}

/** The patterns of a document's schemas, at any depth. */
function patternsOf(value: unknown, where: string): Pattern[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) =>
    name === 'pattern' && typeof inner === 'string' ? [{ source: inner, flags: 'u', where }] : patternsOf(inner, where),
  )
}

const files = ['src', 'web'].flatMap(folder =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => /\.tsx?$/.test(name) && !name.includes('.test.'))
    .map(name => join(folder, name)),
)
const documents = ['docs/openapi.json', 'docs/asyncapi.json']
const patterns = [
  ...files.flatMap(patternsIn),
  ...documents.flatMap(path => patternsOf(JSON.parse(readFileSync(join(root, path), 'utf8')), path)),
]
/** Each once: the source with its bounded repetitions unbounded, since the automaton of a bounded one has as many states. */
const distinct = new Map(
  patterns.map(pattern => {
    const source = pattern.source.replace(
      /\{(\d+)(,?)(\d*)\}/g,
      (whole, least: string, comma: string, most: string) => {
        const isSingle = Number(comma === '' ? least : most || 99) < 2
        return isSingle ? whole : Number(least) === 0 ? '*' : '+'
      },
    )
    return [source, { ...pattern, source }]
  }),
)

describe('every pattern', () => {
  test('is found, wherever it is written', () => {
    expect(distinct.size).toBeGreaterThan(50)
    const known = [
      '^[+ ()-]*[0-9]',
      '^[^\\s@]+@',
      '^[A-Za-z0-9_-]',
      '^https?',
      '[\\x21-\\x7e]',
      '[Tt](?:',
      '[ \\t]*(?:',
    ]
    for (const part of known) expect([part, [...distinct.keys()].some(key => key.includes(part))]).toEqual([part, true])
    expect(patterns.filter(({ where }) => where.endsWith('.json')).length).toBeGreaterThan(10)
    // Patterns that are made at run time are not found here. The files that make them are tried on texts by their own tests.
    const makers = files.filter(path => /\bRegExp\(/.test(readFileSync(join(root, path), 'utf8')))
    expect(makers.toSorted()).toEqual(['src/orders/compact-form.ts', 'src/orders/compact-order.ts'])
  })

  test('is linear', async () => {
    // The program for this platform, where npm has one, takes a third of the time that JavaScript takes.
    process.env.RECHECK_BACKEND = 'auto'
    const { check } = await import('recheck')
    const verdicts = await Promise.all(
      [...distinct.values()].map(async ({ source, flags, where }) => {
        const { status, checker } = await check(source, flags, { timeout: 120_000 })
        const isProved = status === 'safe' && checker === 'automaton'
        return isProved ? [] : [`${where}: /${source}/${flags} is ${status}, says the ${checker}`]
      }),
    )
    expect(verdicts.flat()).toEqual([])
  }, 180_000)
})
