/** A build of one file is the service and its commands: with a word it runs that command, without one it serves. */
const [first = ''] = process.argv.slice(2)

if (/^[a-z]/.test(first)) await import('./cli.ts')
else await import('./main.ts')

export {}
