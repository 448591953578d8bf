import type { Command } from '../src/commands/command.ts'
import { markdownTable } from './markdown-table.ts'

/** A table of all commands, and for each that has options a table of these. */
export function commandTables(commands: readonly Command[]): string {
  const all = commands.map(command => [usageOf(command), command.summary])
  const details = commands
    .filter(({ options }) => Object.keys(options).length > 0)
    .map(command => `### ${usageOf(command)}\n\n${optionsOf(command)}`)
  return [markdownTable(['command', 'does'], all), ...details].join('\n')
}

function usageOf({ name, operand }: Command): string {
  return `\`${[name, operand].filter(Boolean).join(' ')}\``
}

function optionsOf({ options }: Command): string {
  const rows = Object.entries(options).map(([name, { value, meaning }]) => [
    `\`${[`--${name}`, value].filter(Boolean).join(' ')}\``,
    meaning.replaceAll('|', '\\|'),
  ])
  return markdownTable(['option', 'means'], rows)
}
