import { type VariableGroup, variableGroups } from '../src/config.ts'
import { modules } from '../src/modules.ts'
import type { Variable } from '../src/platform/variables.ts'
import { markdownTable } from './markdown-table.ts'

/** The documentation of environment variables, made of their declarations. */

const introduction = `# Configuration

This page is generated from the declarations in the code: \`node_modules/.bin/bun scripts/write-openapi.ts\` writes it.

The service reads environment variables. \`make run\` and \`./orders\` also read \`.env.local\` (copy \`.env.local.example\`); the environment
wins over it. A variable that is empty counts as not set. Relative paths start from the checkout. Every wrong value is reported at
start, all at once, by name; \`./orders doctor\` shows what the service would use.
`

/** docs/configuration.md. */
export function configurationPage(groups: readonly VariableGroup[] = variableGroups(modules)): string {
  return [introduction, ...groups.map(section)].join('\n')
}

function section({ title, variables }: VariableGroup): string {
  const rows = variables.map(variable => [
    `\`${variable.name}\``,
    presetOf(variable),
    meaningOf(variable) + linkOf(variable),
  ])
  return `## ${title}\n\n${markdownTable(['variable', 'default', 'meaning'], rows)}`
}

function presetOf({ preset }: Variable): string {
  return preset === '' ? '' : `\`${preset}\``
}

function meaningOf({ meaning, needs }: Variable): string {
  return needs === undefined ? meaning : `${meaning}; needs \`${needs}\``
}

function linkOf({ page }: Variable): string {
  return page === undefined ? '' : `; see [${page}](${page})`
}

const exampleIntroduction = `# For a local run: copy this file to .env.local, which git ignores. make run, make dev and ./orders read it; the environment wins
# over it. Everything here is the default: take a # away to change it. Without DB_HOST the service runs its own PostgreSQL, and
# without KAFKA_BROKERS it runs without Kafka; their other variables are then not set either.
`

/** .env.local.example. */
export function environmentExample(groups: readonly VariableGroup[] = variableGroups(modules)): string {
  const lines = groups.flatMap(({ variables }) =>
    variables.map(({ name, preset, meaning }) => `# ${meaning}\n#${name}=${preset}`),
  )
  return `${[exampleIntroduction, ...lines].join('\n')}\n`
}
