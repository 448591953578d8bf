import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { createMigratedDatabase } from './database.ts'
import { post } from './http-load.ts'
import { queryDatabase } from './invariants.ts'
import { eventually } from './kafka.ts'
import { makeOrders } from './orders.ts'
import {
  databaseEnv,
  endServices,
  ownDatabase,
  ownPostgresPid,
  type ServiceProcess,
  startServiceProcess,
} from './service-process.ts'

setDefaultTimeout(120_000)
afterAll(() => endServices())

let sent = 0
async function place({ url }: ServiceProcess): Promise<number | undefined> {
  sent += 1
  return (await post(url, JSON.stringify(makeOrders(1, `ready-${sent}`)[0])))?.status
}

async function readiness({ url }: ServiceProcess) {
  const response = await fetch(`${url}/readyz`)
  const { dependencies } = (await response.json()) as {
    dependencies: Record<string, { state: string; detail?: string }>
  }
  return { status: response.status, detail: dependencies.database?.detail ?? '' }
}

async function startOnTestDatabase() {
  const { address } = await createMigratedDatabase()
  return { address, service: await startServiceProcess({ env: databaseEnv(address) }) }
}

/** Waits until readiness says the same as what becomes of an order, and what that is. */
async function becomes(service: ServiceProcess, status: number, orderStatus: number) {
  await eventually(`/readyz is ${status}`, async () => (await readiness(service)).status === status)
  expect(await place(service)).toBe(orderStatus)
  expect((await readiness(service)).status).toBe(status)
}

/** Side by side: each has a service of its own, and waits for it to find out. */
describe('an instance is ready while orders can be stored, and unready when', () => {
  test.concurrent('the server was made read-only', async () => {
    const { address, service } = await startOnTestDatabase()
    await becomes(service, 200, 201)
    const setReadOnly = (value: string) =>
      queryDatabase(
        address,
        `alter database ${address.database} set default_transaction_read_only = ${value};
         select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
      )
    await setReadOnly('on')
    await becomes(service, 503, 503)
    expect((await readiness(service)).detail).toContain('accepts no writes')
    // The way back is barred like any other write.
    await queryDatabase(
      { ...address, database: 'postgres' },
      `alter database ${address.database} reset default_transaction_read_only`,
    )
    await queryDatabase(
      { ...address, database: 'postgres' },
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${address.database}'`,
    )
    await becomes(service, 200, 201)
  })

  test.concurrent('writing orders fails although the server answers', async () => {
    const { address, service } = await startOnTestDatabase()
    await becomes(service, 200, 201)
    await queryDatabase(
      address,
      `create function refuse() returns trigger language plpgsql as
         $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$;
       create trigger refuse before insert on order_items for each row execute function refuse();
       create trigger refuse before insert on write_trials for each row execute function refuse()`,
    )
    expect(await place(service)).toBe(503)
    await becomes(service, 503, 503)
    expect((await readiness(service)).detail).toContain('No space left')
    await queryDatabase(address, 'drop trigger refuse on order_items; drop trigger refuse on write_trials')
    await becomes(service, 200, 201)
  })

  test.concurrent('a commit gets no answer', async () => {
    const { address, service } = await startOnTestDatabase()
    await becomes(service, 200, 201)
    // As when the standby is gone that a commit has to wait for: the trial hangs, and reads do not.
    const holder = new Client({ ...address, password: address.password ?? '' })
    await holder.connect()
    await holder.query('begin; lock table write_trials, order_items in exclusive mode')
    const waiting = place(service)
    await eventually('readiness says so', async () => (await readiness(service)).status === 503, 30_000)
    expect(await waiting).toBe(503)
    await holder.query('rollback')
    await holder.end()
    await becomes(service, 200, 201)
  })
})

const small = mkdtempSync(join(tmpdir(), 'orders-small-disk-'))
const hasSmallDisk = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=130m,mode=755', 'tmpfs', small]).status === 0
afterAll(async () => {
  const postgres = ownPostgresPid(join(small, 'data'))
  if (postgres !== undefined) process.kill(postgres, 'SIGQUIT')
  if (hasSmallDisk) spawnSync('umount', ['-l', small])
  rmSync(small, { recursive: true, force: true })
})
if (!hasSmallDisk) console.warn('skipped, since no small disk can be mounted: readiness on a full disk')

test
  .skipIf(!hasSmallDisk)
  .concurrent('on a full disk an instance is unready, and it is ready again once there is space', async () => {
    const dataDir = join(small, 'data')
    mkdirSync(dataDir)
    const service = await startServiceProcess({ env: { DATA_DIR: dataDir } })
    await becomes(service, 200, 201)
    const filler = join(small, 'filler')
    spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4096'])
    expect(existsSync(filler)).toBe(true)
    // What is allocated already takes some orders, and then it shows.
    const body = makeOrders(500, 'fill')
      .map(order => JSON.stringify(order))
      .join('\n')
    const filling = fetch(`${service.url}/api/orders/batch`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-ndjson' },
    })
    await eventually('readiness says so', async () => (await readiness(service)).status === 503, 30_000)
    rmSync(filler)
    await (await filling).text()
    await becomes(service, 200, 201)
    expect(await queryDatabase(ownDatabase(dataDir), 'select count(*)::int as n from orders')).not.toEqual([{ n: 0 }])
  })
