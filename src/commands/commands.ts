import { backupCommands } from './backup.ts'
import type { Command } from './command.ts'
import { migrateCommand, resetCommand } from './database.ts'
import { deadLetterCommands } from './dead-letters.ts'
import { doctorCommand } from './doctor.ts'
import { keyCommands } from './keys.ts'
import { loadCommand } from './load.ts'
import { reconcileCommand } from './reconcile.ts'
import { verifyCommand } from './verify.ts'

/** Every command of `./orders`, in the order in which the help lists them. */
export const commands: readonly Command[] = [
  doctorCommand,
  verifyCommand,
  migrateCommand,
  resetCommand,
  ...keyCommands,
  ...deadLetterCommands,
  ...backupCommands,
  reconcileCommand,
  loadCommand,
]
