import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { documentsFolder } from '../scripts/write-openapi.ts'
import { nodeTools, orSkipped, run } from './clients/toolchain.ts'

/** OpenAPI and AsyncAPI by the linters of others, with the rules that they recommend, and by AsyncAPI's own parser. */

const timeoutMs = 400_000
const documents = ['openapi.json', 'asyncapi.json'].map(name => join(documentsFolder, name))
let modules: string | undefined
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'orders-linters-'))
  modules = await orSkipped(nodeTools())
}, timeoutMs)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test(
  'Redocly finds nothing, but that Kafka may be without a login, and that a word stands where an id can',
  async () => {
    if (modules === undefined) return
    const redocly = join(modules, '.bin', 'redocly')
    // It prints one object for each document.
    const found = await run([redocly, 'lint', '--format=json', ...documents], { cwd: folder })
    const rules = [...found.matchAll(/"ruleId": "([^"]+)"/g)].map(match => match[1])
    expect(found).toContain('"totals"')
    expect([...new Set(rules)].toSorted()).toEqual(['no-ambiguous-paths', 'security-defined'])
  },
  timeoutMs,
)

test(
  'Spectral finds nothing, but scopes of an API key and that nobody is named as contact',
  async () => {
    if (modules === undefined) return
    const ruleset = join(folder, 'ruleset.yml')
    writeFileSync(ruleset, 'extends: ["spectral:oas", "spectral:asyncapi"]\n')
    const output = join(folder, 'spectral.json')
    const flags = ['--ruleset', ruleset, '--fail-severity', 'error', '--format', 'json', '--output', output]
    await run([join(modules, '.bin', 'spectral'), 'lint', ...flags, ...documents])
    const found = JSON.parse(readFileSync(output, 'utf8')) as { code: string }[]
    expect([...new Set(found.map(({ code }) => code))].sort()).toEqual([
      'asyncapi-info-contact',
      'asyncapi-latest-version',
      'info-contact',
      // OpenAPI 3.1 allows them for every scheme; the rule knows them for OAuth 2 only.
      'oas3-operation-security-defined',
    ])
  },
  timeoutMs,
)

test(
  "AsyncAPI's parser reads the document",
  async () => {
    if (modules === undefined) return
    const program = `
      const { Parser } = require(${JSON.stringify(join(modules, '@asyncapi/parser'))})
      const text = require('node:fs').readFileSync(process.argv[1], 'utf8')
      new Parser().parse(text).then(({ document, diagnostics }) => console.log(JSON.stringify({
        operations: document?.allOperations().all().length, found: diagnostics.map(({ code }) => code),
      })))`
    const parsed = JSON.parse(await run(['node', '-e', program, join(documentsFolder, 'asyncapi.json')]))
    expect(parsed).toEqual({ operations: 9, found: ['asyncapi-latest-version'] })
  },
  timeoutMs,
)
