import { afterAll, setDefaultTimeout } from 'bun:test'
import { endShared } from './at-the-end.ts'
import { dropTestDatabases, releaseTestServer } from './database.ts'

// Runs after the last file, or after each with `--parallel` (Bun 1.4.5): `bun test` reads it from bunfig.toml.
afterAll(async () => {
  await endShared()
  // A worker of `--parallel` goes on with another file, which takes the server over; it ends with the worker.
  await (process.env.BUN_TEST_WORKER_ID === undefined ? releaseTestServer() : dropTestDatabases())
})

// A file may be the one that has to start a server first, on a machine that has other things to do. This holds for the first file
// of a run only (Bun 1.4.5); the Makefile gives the same to all with --timeout.
setDefaultTimeout(30_000)
