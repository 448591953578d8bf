import { createInterface } from 'node:readline/promises'
import { CommandError, UsageError, type Values } from './command.ts'

/** The option of commands that remove something. */
export const yesOption = { meaning: 'do not ask; needed in scripts' }

/**
 * Asks for confirmation at the terminal before something is removed, unless `--yes` was given.
 *
 * @param consequence what will happen, like 'this removes every order in /srv/data'
 * @param signal aborts the question
 * @throws UsageError when there is no terminal to ask at; CommandError when the answer is not 'yes'
 */
export async function confirm(consequence: string, values: Values, signal: AbortSignal): Promise<void> {
  if (values.yes === true) return
  if (!process.stdin.isTTY) throw new UsageError(`${consequence}: --yes is needed where there is no terminal to ask at`)
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const closed = new Promise<string>(resolve => terminal.once('close', () => resolve('')))
    const sentence = (consequence[0] ?? '').toUpperCase() + consequence.slice(1)
    const asked = terminal.question(`${sentence}, for good. Go on? (yes/no) `, { signal }).catch(() => '')
    const answer = await Promise.race([asked, closed])
    if (answer.trim().toLowerCase() !== 'yes') throw new CommandError('nothing was removed')
  } finally {
    terminal.close()
  }
}
