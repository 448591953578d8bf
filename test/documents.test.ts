import { expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The documents that people read, held against the files that they name. */

const root = join(import.meta.dirname, '..')
const names = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'bench/README.md']
  .concat(readdirSync(join(root, 'docs')).map(name => `docs/${name}`))
  .filter(name => name.endsWith('.md'))
const documents = names.map(name => ({ name, text: readFileSync(join(root, name), 'utf8') }))

/** The anchors of a document's headings, as GitHub makes them. */
function anchorsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(match => match[1] ?? '')
  return headings.map(heading =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test('every link leads to an existing file and heading', () => {
  const broken = documents.flatMap(({ name, text }) =>
    [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(match => match[1] ?? '')
      .filter(target => !/^https?:/.test(target))
      .filter(target => {
        const [path = '', anchor] = target.split('#')
        const file = path === '' ? join(root, name) : join(root, dirname(name), path)
        if (!existsSync(file)) return true
        return anchor !== undefined && !anchorsOf(readFileSync(file, 'utf8')).includes(anchor)
      })
      .map(target => `${name}: ${target}`),
  )
  expect(broken).toEqual([])
})

test('every file of the repository that they name exists', () => {
  // The changelog tells of files that were.
  const missing = documents
    .filter(({ name }) => name !== 'CHANGELOG.md')
    .flatMap(({ name, text }) =>
      [...text.matchAll(/`((?:src|test|web|scripts|bench|migrations|monitoring|deploy)\/[\w./-]+)`/g)]
        .map(match => match[1] ?? '')
        .filter(path => !existsSync(join(root, path)))
        .map(path => `${name}: ${path}`),
    )
  expect(missing).toEqual([])
})

test('the first hour is short: README and CONTRIBUTING fit on a few pages', () => {
  const linesOf = (wanted: string) => documents.find(({ name }) => name === wanted)?.text.split('\n').length ?? 0
  expect(linesOf('README.md')).toBeLessThanOrEqual(140)
  expect(linesOf('CONTRIBUTING.md')).toBeLessThanOrEqual(110)
})
