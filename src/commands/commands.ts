import type { Command } from './command.ts'

type Group = Readonly<{
  /** The first words of their names. */
  words: readonly string[]
  load: () => Promise<readonly Command[]>
}>

/** All commands of `./orders`, in the order in which the help lists them. Only what is called is loaded: all together take half a second. */
const groups: readonly Group[] = [
  { words: ['doctor'], load: async () => [(await import('./doctor.ts')).doctorCommand] },
  { words: ['verify'], load: async () => [(await import('./verify.ts')).verifyCommand] },
  { words: ['migrate', 'db-reset'], load: async () => (await import('./database.ts')).databaseCommands },
  { words: ['keys'], load: async () => (await import('./keys.ts')).keyCommands },
  { words: ['dead-letters'], load: async () => (await import('./dead-letters.ts')).deadLetterCommands },
  {
    words: ['export', 'import', 'db-restored'],
    load: async () => (await import('./backup.ts')).backupCommands,
  },
  { words: ['erase'], load: async () => [(await import('./erase.ts')).eraseCommand] },
  { words: ['reconcile'], load: async () => [(await import('./reconcile.ts')).reconcileCommand] },
  { words: ['load'], load: async () => [(await import('./load.ts')).loadCommand] },
]

/** Loads commands. @param first the first word of their names; undefined for all commands */
export async function loadCommands(first?: string): Promise<readonly Command[]> {
  const wanted = groups.filter(({ words }) => first === undefined || words.includes(first))
  return (await Promise.all(wanted.map(({ load }) => load()))).flat()
}
