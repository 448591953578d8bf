import { isOneFile } from './platform/root.ts'

/**
 * The service and its commands as one program: the build of one file, and what `./orders` runs. `run` serves, any other word is a
 * command. Without a word the build of one file serves, as a container or a unit of systemd starts it.
 */
const [first = ''] = process.argv.slice(2)

if (first === 'run' || (isOneFile && !/^[a-z]/.test(first))) await import('./main.ts')
else await import('./cli.ts')
