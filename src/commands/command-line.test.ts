import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { runCli } from '../../test/run-cli.ts'
import { runCommandLine } from './command-line.ts'

setDefaultTimeout(60_000)

/** Runs a command line in this process: only what begins nothing. */
async function run(words: readonly string[], env: Record<string, string> = {}) {
  const [out, err]: [string[], string[]] = [[], []]
  const exitCode = await runCommandLine(words, {
    env,
    stop: new AbortController().signal,
    out: async text => void out.push(text),
    err: text => void err.push(text),
  })
  return { exitCode, out: out.join(''), err: err.join('') }
}

describe('usage', () => {
  test('goes to standard output where it is asked for, to standard error where it is wrong, with the exit code', async () => {
    const [asked, wrong, unsaid] = await Promise.all([
      runCli(['keys', '--help']),
      runCli(['keys', 'burn']),
      runCli(['db-reset']),
    ])
    expect(asked).toMatchObject({ exitCode: 0, out: expect.stringContaining('keys create'), err: '' })
    expect(wrong).toMatchObject({ exitCode: 2, out: '', err: expect.stringContaining('"keys revoke"') })
    // There is no terminal to ask at.
    expect(unsaid).toMatchObject({ exitCode: 2, out: '', err: expect.stringContaining('--yes') })
  })

  test.each([
    [['--help']],
    [['keys', '--help']],
    [['doctor', '--help']],
    [['migrate', '--help']],
    [['db-reset', '--help']],
    [['keys', 'create', '--help']],
    [['keys', 'list', '--help']],
    [['keys', 'revoke', '--help']],
    [['dead-letters', '--help']],
    [['dead-letters', 'list', '--help']],
    [['dead-letters', 'show', '--help']],
    [['dead-letters', 'replay', '--help']],
    [['dead-letters', 'discard', '--help']],
    [['load', '--help']],
    [['db-restored', '--help']],
    [['export', '--help']],
    [['import', '--help']],
  ])('%j explains itself', async args => {
    const { exitCode, out, err } = await run(args)
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
    expect(out).toContain('Usage: ./orders')
    expect(out).toContain('--json')
  })

  test.each([
    [[], 'Usage:'],
    [['nonsense'], 'there is no command "nonsense"'],
    [['keys'], '"keys create"'],
    [['keys', 'burn'], '"keys revoke"'],
    [['doctor', '--loud'], "'--loud'"],
    [['migrate', 'everything'], 'unknown argument everything'],
    [['keys', 'create', '--scopes', 'admin'], '--name is needed'],
    [['keys', 'create', '--name', 'x'], '--scopes is needed'],
    [['keys', 'create', '--name', 'x', '--scopes', 'admin,root'], 'has "root"'],
    [['keys', 'create', '--name', 'a\nb', '--scopes', 'admin'], 'printable'],
    [['keys', 'revoke'], 'ID is needed'],
    [['dead-letters', 'list', '--limit', '1001'], '--limit must be'],
    [['dead-letters', 'list', '--code', 'BAD'], '--code must be one of'],
    [['dead-letters', 'list', '--state', 'lost'], '--state must be one of open, replayed, discarded'],
    [['dead-letters', 'show'], 'ID is needed'],
    [['dead-letters', 'replay'], 'say the ID of a dead letter, or --code or --topic'],
    [['dead-letters', 'replay', '7', '--code', 'ORDER_INVALID'], 'either an ID, or --code'],
    [['dead-letters', 'replay', 'seven'], 'an ID is a number'],
    [['dead-letters', 'replay', '7', '8'], 'unknown argument 8'],
    [['dead-letters', 'replay', '--topic', 'orders', '--value', 'x.json'], '--value is for one dead letter'],
    [['dead-letters', 'replay', '7', '--actor', 'x'.repeat(201)], '--actor has at most 200'],
    [['dead-letters', 'discard', '7'], '--reason is needed'],
    [['dead-letters', 'discard', '7', '--reason', ' '], '--reason is needed'],
    [['export', '--json'], '--json needs a FILE'],
    [['load', '--rate', '0'], '--rate must be a whole number from 1'],
    [['load', '--seconds', '2', '--ramp', '3'], '--ramp must be a whole number from 0 to 2'],
    [['load', '--bad', '1'], '--bad must be a share'],
    [['load', '--bad', '60%', '--repeated', '60%'], 'more than 100%'],
    [['load', '--url', 'localhost'], '--url must be like'],
    [['load', '--kafka'], 'needs KAFKA_BROKERS'],
    [['load', '--kafka', '--connections', '9'], '--connections is for HTTP'],
  ])('%j is wrong', async (args, sentence) => {
    // A folder that does not exist: a wrong usage must not start anything.
    const { exitCode, out, err } = await run(args, { DATA_DIR: '/nonexistent/orders' })
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' })
    expect(err).toContain(sentence)
    expect(err.length).toBeLessThan(2_500)
  })

  test('a wrong configuration is reported as by the service: all of it, by name, without secrets', async () => {
    const { exitCode, err } = await run(['doctor'], {
      SERVER_PORT: 'x',
      CACHE_MAX_BYTES: '1',
      DB_PASSWORD: 'hunter2',
    })
    expect(exitCode).toBe(1)
    for (const name of ['SERVER_PORT', 'CACHE_MAX_BYTES', 'DB_PASSWORD']) expect(err).toContain(`  ${name} `)
    expect(err).not.toContain('hunter2')
  })
})
