import { expect, setDefaultTimeout, test } from 'bun:test'
import { createServer } from 'node:http'
import { createOrdersDatabase } from '../../test/app.ts'
import { kafkaAvailability, testBroker, uniqueTopics } from '../../test/kafka.ts'
import { environmentOf, findingOf, runCli, runCommand } from '../../test/run-cli.ts'
import { ensureTopics } from '../platform/kafka/admin.ts'

setDefaultTimeout(60_000)

test('what does not answer is reported in a sentence, by the doctor for everything at once', async () => {
  const taken = createServer((_, response) => response.end('hello'))
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
  const bound = taken.address()
  const environment = {
    DB_HOST: '127.0.0.1',
    DB_PORT: '1',
    DB_PASSWORD: 'hunter2',
    KAFKA_BROKERS: '127.0.0.1:1',
    SERVER_PORT: String(typeof bound === 'object' ? bound?.port : ''),
    SERVER_HOST: '127.0.0.1',
  }
  const { exitCode, out, err } = await runCli(['doctor', '--json'], environment)
  taken.close()
  expect(exitCode).toBe(1)
  for (const name of ['database', 'Kafka', 'port']) expect(findingOf(out, name)).toMatchObject({ state: 'failed' })
  expect(out + err).not.toContain('hunter2')
  const listing = await runCli(['keys', 'list'], environment)
  expect(listing).toMatchObject({ exitCode: 1, err: 'keys list failed: connect ECONNREFUSED 127.0.0.1:1\n' })
})

test('where others can reach the service the doctor asks for a key, and the last one stays', async () => {
  const database = await createOrdersDatabase()
  const environment = { ...environmentOf(database.address), SERVER_HOST: '0.0.0.0', SERVER_PORT: '0' }
  const without = await runCommand(['doctor', '--json'], environment)
  expect(without.exitCode).toBe(1)
  expect(findingOf(without.out, 'API keys')).toMatchObject({ state: 'failed' })
  expect(findingOf(without.out, 'demo shop')).toMatchObject({ state: 'off' })
  const shop = await runCommand(['doctor', '--json'], { ...environment, DEMO_SHOP: 'true', SHOP_DIR: '/nowhere' })
  expect(findingOf(shop.out, 'demo shop')).toMatchObject({ state: 'note', detail: expect.stringContaining('/nowhere') })
  await runCommand(['keys', 'create', '--name', 'x', '--scopes', 'admin'], environment)
  expect((await runCommand(['doctor'], environment)).exitCode).toBe(0)
  const [key] = JSON.parse((await runCommand(['keys', 'list', '--json'], environment)).out)
  const revoked = await runCommand(['keys', 'revoke', key.id], environment)
  expect(revoked).toMatchObject({ exitCode: 1, err: expect.stringContaining('make another first') })
  await database.drop()
})

test.skipIf(kafkaAvailability() !== null)('the doctor asks Kafka for its topics and makes none', async () => {
  const brokers = await testBroker()
  const topics = uniqueTopics()
  const environment = { DATA_DIR: '/tmp/nonexistent-orders', KAFKA_BROKERS: brokers.join(), ...topics }
  const states = async (run = runCommand) => {
    const { out } = await run(['doctor', '--json'], environment)
    expect(findingOf(out, 'Kafka')).toMatchObject({ state: 'ok' })
    const names = ['orders in', 'commands in', 'stock in', 'events out', 'dead letters out']
    return names.map(name => findingOf(out, name)?.state)
  }
  expect(await states(runCli)).toEqual(['note', 'note', 'note', 'note', 'note'])
  expect(await states()).toEqual(['note', 'note', 'note', 'note', 'note'])
  const made = [topics.KAFKA_TOPIC, topics.KAFKA_COMMANDS_TOPIC].map(name => ({ name, partitions: 1 }))
  await ensureTopics({ brokers }, made, 10_000)
  expect(await states()).toEqual(['ok', 'ok', 'note', 'note', 'note'])
})
